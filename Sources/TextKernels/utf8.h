// What is UTF-8.
#ifndef APUS_TEXT_UTF8_H
#define APUS_TEXT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Length of the scalar at p, of which `left` bytes may be read, where it is valid UTF-8 above
// ASCII; otherwise 0.
static inline size_t valid_length(const uint8_t *p, size_t left) {
  size_t length = p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
  if (length == 0 || length > left) return 0;
  for (size_t i = 1; i < length; i++)
    if ((p[i] & 0xC0) != 0x80) return 0;
  bool is_bad = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] >= 0xA0) ||
                (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] >= 0x90);
  return is_bad ? 0 : length;
}

#endif
