// The pieces that an encoder knows, with their tokens.
#ifndef APUS_TEXT_TABLES_H
#define APUS_TEXT_TABLES_H

#include <string.h>

#include "../include/text_kernels.h"
#include "../split/classes.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "keys are read as they lie");

// Pieces up to here are looked up by their bytes, as one number of 128 bits.
#define SHORT_BYTES 15
// Pieces that are longer than this, and than every token, hardly repeat and are not kept.
#define LONG_BYTES 256

typedef struct apus_text_key {
  uint64_t low, high;  // the bytes; the length is the highest byte, so that no key is 0
} apus_text_key;

// Two to a cache line. Up to INLINE_IDS tokens are here, their number in the highest three bits of
// the first. More are in the arena, from ids[1] on, ids[2] of them; the key of such a slot carries
// KEY_SPILLED, so that the quick comparison fails.
typedef struct apus_text_slot {
  apus_text_key key;
  uint32_t ids[4];
} apus_text_slot;

#define COUNT_SHIFT 29
#define ID_MASK ((1u << COUNT_SHIFT) - 1)
#define INLINE_IDS 4
#define KEY_SPILLED ((uint64_t)1 << 63)
// Stands in for the key of a piece that has none.
#define KEY_LONG ((uint64_t)0x7F << 56)

typedef struct apus_text_long_slot {
  uint64_t hash;
  uint32_t piece;  // place in `bytes`
  uint32_t length;  // 0: free
  uint32_t ids;  // place in the arena
  uint32_t count;
} apus_text_long_slot;

typedef struct apus_text_tables {
  apus_text_slot *slots;
  uint64_t mask;
  size_t used;
  apus_text_long_slot *long_slots;
  uint64_t long_mask;
  size_t long_used;
  uint8_t *bytes;  // of the long pieces
  size_t bytes_used, bytes_capacity;
  uint32_t *arena;  // tokens that do not fit into a slot
  size_t arena_used, arena_capacity;
} apus_text_tables;

// Room for so many pieces before they grow.
void apus_text_tables_init(apus_text_tables *tables, size_t short_count, size_t long_count);
void apus_text_tables_destroy(apus_text_tables *tables);

// Whether so much is held that it is better to begin anew.
bool apus_text_tables_are_full(const apus_text_tables *tables);

// Makes room for so many more short pieces. Slots may move.
void apus_text_tables_reserve(apus_text_tables *tables, size_t count);

// Whether there is room for one more short piece.
APUS_INLINE bool has_room(const apus_text_tables *tables) {
  return (tables->used + 1) * 4 <= (tables->mask + 1) * 3;
}

// Adds a piece, or gives it other tokens.
//
// - Precondition: there is room.
void apus_text_tables_add(
    apus_text_tables *tables, apus_text_key key, const uint32_t *ids, size_t count);
void apus_text_tables_add_long(
    apus_text_tables *tables, const uint8_t *bytes, size_t length, uint64_t hash,
    const uint32_t *ids, size_t count);

// NULL where it is not known.
const apus_text_long_slot *apus_text_tables_find_long(
    const apus_text_tables *tables, const uint8_t *bytes, size_t length, uint64_t hash);

APUS_INLINE uint64_t fold(uint64_t a, uint64_t b) {
  unsigned __int128 product = (unsigned __int128)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

APUS_INLINE uint64_t key_hash(apus_text_key key) {
  return fold(key.low ^ 0x9E3779B97F4A7C15u, key.high ^ 0xD1B54A32D192ED03u);
}

// The first `length` of 16 bytes.
extern const uint64_t apus_text_key_masks[SHORT_BYTES + 1][2];

// Of 16 bytes that may be read at p; `length` is 1 to SHORT_BYTES.
APUS_INLINE apus_text_key key_at(const uint8_t *p, size_t length) {
  uint64_t low, high;
  memcpy(&low, p, 8);
  memcpy(&high, p + 8, 8);
  low &= apus_text_key_masks[length][0];
  high &= apus_text_key_masks[length][1];
  return (apus_text_key){low, high | (uint64_t)length << 56};
}

APUS_INLINE apus_text_key key_of(const uint8_t *p, size_t length) {
  uint8_t bytes[16] = {0};
  memcpy(bytes, p, length);
  return key_at(bytes, length);
}

APUS_INLINE uint64_t long_hash(const uint8_t *p, size_t length) {
  uint64_t hash = length, word;
  for (size_t i = 0; i + 8 < length; i += 8) {
    memcpy(&word, p + i, 8);
    hash = fold(hash ^ 0x9E3779B97F4A7C15u, word ^ 0xD1B54A32D192ED03u);
  }
  memcpy(&word, p + length - 8, 8);
  return fold(hash ^ 0x9E3779B97F4A7C15u, word ^ 0xD1B54A32D192ED03u);
}

// NULL where it is not known. `place` is that of its hash.
APUS_INLINE apus_text_slot *find_short(
    const apus_text_tables *tables, apus_text_key key, uint64_t place) {
  for (uint64_t at = place;; at = (at + 1) & tables->mask) {
    apus_text_slot *slot = tables->slots + at;
    if (slot->key.low == key.low && (slot->key.high & ~KEY_SPILLED) == key.high) return slot;
    if (!slot->key.high) return NULL;
  }
}

// As find_short, and moves what it finds to the first slot, so that it is found there next time.
// The pieces between the two are still reached: no slot on their way becomes free.
APUS_INLINE apus_text_slot *find_short_first(
    const apus_text_tables *tables, apus_text_key key, uint64_t place) {
  apus_text_slot *slot = find_short(tables, key, place), *first = tables->slots + place;
  if (!slot || slot == first) return slot;
  apus_text_slot moved = *first;
  *first = *slot;
  *slot = moved;
  return first;
}

#endif
