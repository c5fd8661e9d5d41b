// Classes of scalars, as split patterns tell them apart.
#ifndef APUS_TEXT_CLASSES_H
#define APUS_TEXT_CLASSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define APUS_INLINE static inline __attribute__((always_inline, unused))

enum {
  CLASS_OTHER = 0,        // none of the others
  CLASS_UPPER = 1,        // Lu, Lt
  CLASS_LOWER = 2,        // Ll
  CLASS_LETTER = 3,       // Lm, Lo
  CLASS_MARK = 4,         // M
  CLASS_NUMBER = 5,       // N
  CLASS_SPACE = 6,        // White_Space
  CLASS_PUNCTUATION = 7,  // P, S
  CLASS_COUNT = 8
};

// Scalars from here on are marks (variation selectors) or nothing that a pattern knows.
#define CLASS_TABLE_END 0x32400

// One byte per scalar: two hundred kilobytes, of which a text touches the pages of its scripts.
extern uint8_t apus_text_classes[CLASS_TABLE_END];

// Fills the table, once per process.
void apus_text_classes_prepare(void);

APUS_INLINE uint32_t class_of(uint32_t scalar) {
  if (scalar < CLASS_TABLE_END) return apus_text_classes[scalar];
  return scalar - 0xE0100 < 0xF0 ? CLASS_MARK : CLASS_OTHER;
}

// Numbers since Unicode 17, of which classes know nothing.
APUS_INLINE bool is_late_number(uint32_t scalar) {
  return scalar - 0x11DE0 < 10 || scalar - 0x16FF4 < 3;
}

// Bytes of the scalar that a lead byte begins; 1 for bytes that begin none.
APUS_INLINE uint32_t length_of_lead(uint8_t lead) {
  return lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

// The scalar of `length` bytes at p.
APUS_INLINE uint32_t scalar_at(const uint8_t *p, uint32_t length) {
  switch (length) {
    case 1: return p[0];
    case 2: return (p[0] & 0x1Fu) << 6 | (p[1] & 0x3F);
    case 3: return (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3F);
    default:
      return (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3F);
  }
}

#endif
