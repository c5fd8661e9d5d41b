// Look-ups in an apus_text_index in two steps: what they touch is sent for in between.
#ifndef APUS_TEXT_INDEX_H
#define APUS_TEXT_INDEX_H

#include <string.h>

#include "../include/text_kernels.h"
#include "../split/classes.h"

APUS_INLINE uint64_t index_mix(uint64_t a, uint64_t b) {
  unsigned __int128 product = a ^ 0x9E3779B97F4A7C15u;
  product *= b ^ 0xD1B54A32D192ED03u;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

APUS_INLINE uint64_t index_hash(const uint8_t *p, size_t count) {
  uint64_t hash = count, word;
  for (; count > 8; count -= 8, p += 8) {
    memcpy(&word, p, 8);
    hash = index_mix(hash, word);
  }
  // The last one to eight bytes, without a call.
  if (count >= 4) {
    uint32_t first, last;
    memcpy(&first, p, 4);
    memcpy(&last, p + count - 4, 4);
    word = (uint64_t)first << 32 | last;
  } else {
    word = count ? (uint64_t)p[0] << 16 | (uint64_t)p[count / 2] << 8 | p[count - 1] : 0;
  }
  return index_mix(hash, word);
}

// Whether two runs of bytes are equal; mostly short ones, without a call.
APUS_INLINE bool index_equal(const uint8_t *a, const uint8_t *b, size_t count) {
  uint64_t x, y;
  for (; count > 8; count -= 8, a += 8, b += 8) {
    memcpy(&x, a, 8);
    memcpy(&y, b, 8);
    if (x != y) return false;
  }
  if (count >= 4) {
    uint32_t first[2], last[2];
    memcpy(first, a, 4);
    memcpy(first + 1, b, 4);
    memcpy(last, a + count - 4, 4);
    memcpy(last + 1, b + count - 4, 4);
    return first[0] == first[1] && last[0] == last[1];
  }
  for (size_t i = 0; i < count; i++)
    if (a[i] != b[i]) return false;
  return true;
}

// The slot where a look-up begins.
APUS_INLINE uint64_t *index_slot(const apus_text_index *index, uint64_t hash) {
  return index->slots + (hash & (index->slot_count - 1));
}

// As apus_text_index_find, of at least one byte, with their hash.
int32_t apus_text_index_find_hashed(
    const apus_text_index *index, const uint8_t *bytes, size_t count, uint64_t hash);

#endif
