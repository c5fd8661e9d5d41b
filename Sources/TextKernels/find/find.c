// Finds where one of a few strings may begin: added tokens, which most texts have none of.
#include <stddef.h>

#include "../include/text_kernels.h"

static inline bool is_pair(const apus_text_needles *n, uint8_t first, uint8_t second) {
  uint32_t pair = (uint32_t)first << 8 | second;
  return n->pairs[pair >> 6] >> (pair & 63) & 1;
}

static bool begins_any(const apus_text_needles *n, uint8_t first) {
  const uint64_t *bits = n->pairs + (first << 2);
  return bits[0] | bits[1] | bits[2] | bits[3];
}

#define APUS_BODY "find/find.body.h"
#include "../for_each_isa.h"

void apus_text_needles_add(apus_text_needles *n, const uint8_t *bytes, size_t count) {
  uint8_t first = bytes[0], bit = (uint8_t)(1 << (first >> 4 & 7));
  n->low[first & 15] |= bit;
  n->high[first >> 4] |= bit;
  for (uint32_t second = 0; second < 256; second++) {
    uint32_t pair = (uint32_t)first << 8 | second;
    // A string of one byte does not care what follows.
    if (count == 1 || second == bytes[1]) n->pairs[pair >> 6] |= (uint64_t)1 << (pair & 63);
  }
}

size_t apus_text_find(
    const apus_text_needles *n, int32_t isa, const uint8_t *text, size_t count, size_t from) {
  static size_t (*const by_isa[APUS_TEXT_ISA_COUNT])(
      const apus_text_needles *, const uint8_t *, size_t, size_t) = APUS_VARIANTS(find);
  for (int32_t i = isa; i > 0; i--)
    if (by_isa[i]) return by_isa[i](n, text, count, from);
  return by_isa[0](n, text, count, from);
}
