#include "index.h"

#define AHEAD 64

// Where this spelling is or would go.
static size_t place_of(
    const apus_text_index *x, const uint8_t *bytes, size_t count, uint64_t hash) {
  size_t mask = x->slot_count - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    uint64_t slot = x->slots[at];
    if (slot == UINT64_MAX) return at;
    if ((slot ^ hash) >> 32) continue;
    size_t id = slot & UINT32_MAX, start = x->starts[id];
    if (x->starts[id + 1] - start == count && index_equal(x->bytes + start, bytes, count))
      return at;
  }
}

void apus_text_index_fill(const apus_text_index *x) {
  memset(x->slots, 0xFF, x->slot_count * sizeof *x->slots);
  // Slots are all over the memory: those of some spellings are sent for at a time.
  uint64_t hashes[AHEAD];
  for (size_t first = 0; first < x->token_count; first += AHEAD) {
    size_t end = x->token_count - first < AHEAD ? x->token_count : first + AHEAD;
    for (size_t id = first; id < end; id++) {
      hashes[id - first] = index_hash(x->bytes + x->starts[id], x->starts[id + 1] - x->starts[id]);
      __builtin_prefetch(index_slot(x, hashes[id - first]), 1);
    }
    for (size_t id = first; id < end; id++) {
      size_t count = x->starts[id + 1] - x->starts[id];
      if (count == 0) continue;
      uint64_t hash = hashes[id - first];
      x->slots[place_of(x, x->bytes + x->starts[id], count, hash)] = (hash >> 32) << 32 | id;
    }
  }
}

int32_t apus_text_index_find_hashed(
    const apus_text_index *x, const uint8_t *bytes, size_t count, uint64_t hash) {
  uint64_t slot = x->slots[place_of(x, bytes, count, hash)];
  return slot == UINT64_MAX ? -1 : (int32_t)(uint32_t)slot;
}

int32_t apus_text_index_find(const apus_text_index *x, const uint8_t *bytes, size_t count) {
  return count == 0 ? -1 : apus_text_index_find_hashed(x, bytes, count, index_hash(bytes, count));
}
