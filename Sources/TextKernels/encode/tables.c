#include "tables.h"

#include <stdlib.h>

#include "../memory.h"

// Beyond so many pieces, or so much text of long ones, an encoder begins anew: a bound on memory.
#define SHORT_LIMIT ((size_t)3 << 18)
#define LONG_LIMIT ((size_t)1 << 18)
#define BYTES_LIMIT ((size_t)1 << 24)

#define ONES(n) ((n) <= 0 ? 0 : ~(uint64_t)0 >> (64 - 8 * ((n) > 8 ? 8 : (n) < 1 ? 1 : (n))))
#define MASKS(n) {ONES(n), ONES((n) - 8)}
const uint64_t apus_text_key_masks[SHORT_BYTES + 1][2] = {
    MASKS(0), MASKS(1), MASKS(2), MASKS(3), MASKS(4), MASKS(5), MASKS(6), MASKS(7),
    MASKS(8), MASKS(9), MASKS(10), MASKS(11), MASKS(12), MASKS(13), MASKS(14), MASKS(15),
};

static size_t room(size_t count, size_t numerator, size_t least) {
  size_t size = least;
  while (size * 3 < count * numerator) size *= 2;
  return size;
}

void apus_text_tables_init(apus_text_tables *t, size_t short_count, size_t long_count) {
  memset(t, 0, sizeof *t);
  // Nearly half empty with what a text brings: a piece that is not in its first slot costs more
  // than memory does.
  size_t size = room(short_count + short_count / 8, 7, 1 << 13);
  t->mask = size - 1;
  t->slots = apus_text_allocate_table(size * sizeof *t->slots);
  size_t long_size = room(long_count, 6, 1 << 10);
  t->long_mask = long_size - 1;
  t->long_slots = apus_text_allocate_table(long_size * sizeof *t->long_slots);
}

void apus_text_tables_destroy(apus_text_tables *t) {
  free(t->slots);
  free(t->long_slots);
  free(t->bytes);
  free(t->arena);
}

bool apus_text_tables_are_full(const apus_text_tables *t) {
  return t->used >= SHORT_LIMIT || t->long_used >= LONG_LIMIT || t->bytes_used >= BYTES_LIMIT;
}

static apus_text_slot *free_slot(apus_text_slot *slots, uint64_t mask, apus_text_key key) {
  key.high &= ~KEY_SPILLED;
  uint64_t at = key_hash(key) & mask;
  while (slots[at].key.high) at = (at + 1) & mask;
  return slots + at;
}

static uint32_t store(apus_text_tables *t, const uint32_t *ids, size_t count) {
  t->arena = apus_text_grow(t->arena, &t->arena_capacity, t->arena_used + count, sizeof *ids);
  memcpy(t->arena + t->arena_used, ids, count * sizeof *ids);
  t->arena_used += count;
  return (uint32_t)(t->arena_used - count);
}

void apus_text_tables_reserve(apus_text_tables *t, size_t count) {
  uint64_t size = t->mask + 1;
  while ((t->used + count) * 4 > size * 3) size *= 2;
  if (size == t->mask + 1) return;
  apus_text_slot *slots = apus_text_allocate_table(size * sizeof *slots);
  for (uint64_t i = 0; i <= t->mask; i++)
    if (t->slots[i].key.high) *free_slot(slots, size - 1, t->slots[i].key) = t->slots[i];
  free(t->slots);
  t->slots = slots;
  t->mask = size - 1;
}

void apus_text_tables_add(
    apus_text_tables *t, apus_text_key key, const uint32_t *ids, size_t count) {
  apus_text_slot *known = find_short(t, key, key_hash(key) & t->mask);
  apus_text_slot slot = {key, {0}};
  if (count <= INLINE_IDS) {
    memcpy(slot.ids, ids, count * sizeof *ids);
    slot.ids[0] |= (uint32_t)count << COUNT_SHIFT;
  } else {
    slot.key.high |= KEY_SPILLED;
    slot.ids[1] = store(t, ids, count);
    slot.ids[2] = (uint32_t)count;
  }
  *(known ? known : free_slot(t->slots, t->mask, key)) = slot;
  t->used += !known;
}

static apus_text_long_slot *free_long_slot(
    apus_text_long_slot *slots, uint64_t mask, uint64_t hash) {
  uint64_t at = hash & mask;
  while (slots[at].length) at = (at + 1) & mask;
  return slots + at;
}

static void grow_long(apus_text_tables *t) {
  uint64_t mask = 2 * t->long_mask + 1;
  apus_text_long_slot *slots = apus_text_allocate_table((mask + 1) * sizeof *slots);
  for (uint64_t i = 0; i <= t->long_mask; i++)
    if (t->long_slots[i].length)
      *free_long_slot(slots, mask, t->long_slots[i].hash) = t->long_slots[i];
  free(t->long_slots);
  t->long_slots = slots;
  t->long_mask = mask;
}

void apus_text_tables_add_long(
    apus_text_tables *t, const uint8_t *bytes, size_t length, uint64_t hash, const uint32_t *ids,
    size_t count) {
  if ((t->long_used + 1) * 3 > (t->long_mask + 1) * 2) grow_long(t);
  t->bytes = apus_text_grow(t->bytes, &t->bytes_capacity, t->bytes_used + length, 1);
  memcpy(t->bytes + t->bytes_used, bytes, length);
  *free_long_slot(t->long_slots, t->long_mask, hash) = (apus_text_long_slot){
      hash, (uint32_t)t->bytes_used, (uint32_t)length, store(t, ids, count), (uint32_t)count};
  t->bytes_used += length;
  t->long_used++;
}

const apus_text_long_slot *apus_text_tables_find_long(
    const apus_text_tables *t, const uint8_t *bytes, size_t length, uint64_t hash) {
  for (uint64_t at = hash & t->long_mask;; at = (at + 1) & t->long_mask) {
    const apus_text_long_slot *slot = t->long_slots + at;
    if (!slot->length) return NULL;
    if (slot->hash == hash && slot->length == length &&
        memcmp(t->bytes + slot->piece, bytes, length) == 0)
      return slot;
  }
}
