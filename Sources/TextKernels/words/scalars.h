// What single scalars become in words, as far as it has been told.
#ifndef APUS_TEXT_SCALARS_H
#define APUS_TEXT_SCALARS_H

#include "../include/text_kernels.h"
#include "../split/classes.h"
#include "../utf8.h"

#define SCALAR_LIMIT 0x110000
#define SCALAR_PAGE 128

// Its text is arena[text ..< text + count].
typedef struct scalar_entry {
  uint32_t text;
  uint8_t count;
  uint8_t kind;  // apus_text_scalar_kind
} scalar_entry;

typedef struct apus_text_scalars {
  scalar_entry *pages[SCALAR_LIMIT / SCALAR_PAGE];  // those that were met
  scalar_entry ascii[128];
  uint8_t *arena;
  size_t arena_used, arena_capacity;
} apus_text_scalars;

void apus_text_scalars_destroy(apus_text_scalars *scalars);

void apus_text_scalars_tell(
    apus_text_scalars *scalars, uint32_t scalar, int32_t kind, const uint8_t *bytes,
    size_t count);

// The entry of bytes that are no UTF-8.
extern const scalar_entry apus_text_no_scalar;

// The scalar at p of `left` bytes, and what it becomes; NULL where nobody told yet. Bytes that are
// no UTF-8 depend on their context.
APUS_INLINE const scalar_entry *entry_at(
    const apus_text_scalars *s, const uint8_t *p, size_t left, uint32_t *scalar,
    uint32_t *length) {
  const scalar_entry *entry;
  if (p[0] < 0x80) {
    *scalar = p[0];
    *length = 1;
    entry = s->ascii + p[0];
  } else {
    *length = (uint32_t)valid_length(p, left);
    if (*length == 0) return *length = 1, &apus_text_no_scalar;
    *scalar = scalar_at(p, *length);
    const scalar_entry *page = s->pages[*scalar / SCALAR_PAGE];
    if (!page) return NULL;
    entry = page + *scalar % SCALAR_PAGE;
  }
  return entry->kind ? entry : NULL;
}

#endif
