#include <string.h>

#include "../include/text_kernels.h"

static uint64_t mix(uint64_t a, uint64_t b) {
  unsigned __int128 product = a ^ 0x9E3779B97F4A7C15u;
  product *= b ^ 0xD1B54A32D192ED03u;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_of(const uint8_t *p, size_t count) {
  uint64_t hash = count, word;
  for (; count > 8; count -= 8, p += 8) {
    memcpy(&word, p, 8);
    hash = mix(hash, word);
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
  return mix(hash, word);
}

// Where this spelling is or would go.
static size_t place_of(
    const apus_text_index *x, const uint8_t *bytes, size_t count, uint64_t hash) {
  size_t mask = x->slot_count - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    uint64_t slot = x->slots[at];
    if (slot == UINT64_MAX) return at;
    if ((slot ^ hash) >> 32) continue;
    size_t id = slot & UINT32_MAX, start = x->starts[id];
    if (x->starts[id + 1] - start == count && memcmp(x->bytes + start, bytes, count) == 0)
      return at;
  }
}

void apus_text_index_fill(const apus_text_index *x) {
  memset(x->slots, 0xFF, x->slot_count * sizeof *x->slots);
  for (size_t id = 0; id < x->token_count; id++) {
    size_t count = x->starts[id + 1] - x->starts[id];
    if (count == 0) continue;
    const uint8_t *bytes = x->bytes + x->starts[id];
    uint64_t hash = hash_of(bytes, count);
    x->slots[place_of(x, bytes, count, hash)] = (hash >> 32) << 32 | id;
  }
}

int32_t apus_text_index_find(const apus_text_index *x, const uint8_t *bytes, size_t count) {
  if (count == 0) return -1;
  uint64_t slot = x->slots[place_of(x, bytes, count, hash_of(bytes, count))];
  return slot == UINT64_MAX ? -1 : (int32_t)(uint32_t)slot;
}
