#include "../merge/merge.body.h"

typedef uint32_t ISA(u32x4) __attribute__((vector_size(16), aligned(4)));

// Keys of the pieces and the places of their slots, which are then on the way into the cache.
// `slack` says that 16 bytes may be read at every piece.
APUS_INLINE void ISA(prepare)(
    apus_text_encoder *e, const uint8_t *text, size_t at, size_t pieces, bool slack) {
  const size_t *ends = e->ends;
  apus_text_key *keys = e->keys;
  uint32_t *places = e->places;
  const apus_text_slot *slots = e->tables.slots;
  uint64_t mask = e->tables.mask;
  for (size_t i = 0; i < pieces; i++) {
    size_t length = ends[i] - at;
    const uint8_t *p = text + at;
    at = ends[i];
    if (length <= SHORT_BYTES) {
      apus_text_key key = slack ? key_at(p, length) : key_of(p, length);
      uint32_t place = (uint32_t)(key_hash(key) & mask);
      keys[i] = key;
      places[i] = place;
      __builtin_prefetch(slots + place);
    } else {
      uint64_t hash = length <= e->model->longest_kept ? long_hash(p, length) : 0;
      keys[i] = (apus_text_key){hash, KEY_LONG};
      places[i] = 0;
      __builtin_prefetch(e->tables.long_slots + (hash & e->tables.long_mask));
    }
  }
}

APUS_INLINE uint32_t *ISA(copy)(uint32_t *out, const uint32_t *ids, size_t count) {
  memcpy(out, ids, count * sizeof *ids);
  return out + count;
}

// The tokens in a slot of the short table.
APUS_INLINE uint32_t *ISA(copy_slot)(
    const apus_text_tables *t, const apus_text_slot *slot, uint32_t *out) {
  if (slot->key.high & KEY_SPILLED) return ISA(copy)(out, t->arena + slot->ids[1], slot->ids[2]);
  ISA(copy)(out, slot->ids, INLINE_IDS);
  out[0] &= ID_MASK;
  return out + (slot->ids[0] >> COUNT_SHIFT);
}

// Merges a piece that no table holds; *ids is where its tokens are.
APUS_INLINE size_t ISA(merge_piece)(
    apus_text_encoder *e, const uint8_t *bytes, size_t count, uint32_t *room,
    const uint32_t **ids) {
  if (count > MERGE_SHORT || !e->model->merges_bytes)
    return apus_text_merge_piece(e->model, &e->body, &e->scratch, bytes, count, room, ids);
  *ids = room;
  return ISA(merge_bytes)(&e->model->pairs, e->model->symbols, bytes, (uint32_t)count, room);
}

// Whether the slot's piece is a token only as a whole piece, and merging does not make it.
APUS_INLINE bool ISA(is_whole_only)(const apus_text_model *model, const apus_text_slot *slot) {
  bool is_one = !(slot->key.high & KEY_SPILLED) && slot->ids[0] >> COUNT_SHIFT == 1;
  return is_one && model->prefers_whole && !model->is_merged[slot->ids[0] & ID_MASK];
}

// Tokens of a long piece that is cut, first at `border`. Its parts are remembered, and it is not.
static __attribute__((noinline)) uint32_t *ISA(encode_parts)(
    apus_text_encoder *e, const uint8_t *bytes, size_t count, size_t border, uint32_t *out) {
  uint32_t room[SHORT_ROOM];
  for (size_t start = 0; start < count; start = border) {
    if (start > 0) border = apus_text_next_border(&e->model->borders, bytes, count, start);
    size_t length = border - start;
    bool is_short = length <= SHORT_BYTES;
    apus_text_key key = {0};
    if (is_short) {
      key = key_of(bytes + start, length);
      const apus_text_slot *slot = find_short(&e->tables, key, key_hash(key) & e->tables.mask);
      if (slot && !ISA(is_whole_only)(e->model, slot)) {
        out = ISA(copy_slot)(&e->tables, slot, out);
        continue;
      }
      // What is there counts for whole pieces.
      if (slot) is_short = false;
    }
    const uint32_t *ids;
    size_t found = ISA(merge_piece)(e, bytes + start, length, room, &ids);
    if (is_short && has_room(&e->tables)) apus_text_tables_add(&e->tables, key, ids, found);
    out = ISA(copy)(out, ids, found);
  }
  return out;
}

// Tokens of a piece that is not in its first slot; returns the end of what it wrote.
static __attribute__((noinline)) uint32_t *ISA(encode_other)(
    apus_text_encoder *e, const uint8_t *bytes, size_t count, size_t i, uint32_t *out) {
  apus_text_tables *t = &e->tables;
  bool is_short = count <= SHORT_BYTES, is_kept = count <= e->model->longest_kept;
  if (is_short) {
    const apus_text_slot *slot = find_short_first(t, e->keys[i], e->places[i]);
    if (slot) return ISA(copy_slot)(t, slot, out);
  } else if (is_kept) {
    const apus_text_long_slot *slot = apus_text_tables_find_long(t, bytes, count, e->keys[i].low);
    if (slot) return ISA(copy)(out, t->arena + slot->ids, slot->count);
  }
  if (!is_short && !e->model->has_characters && has_symbols(e->model, bytes, count)) {
    size_t border = apus_text_next_border(&e->model->borders, bytes, count, 0);
    if (border < count) return ISA(encode_parts)(e, bytes, count, border, out);
  }
  uint32_t room[SHORT_ROOM];
  const uint32_t *ids;
  size_t found = ISA(merge_piece)(e, bytes, count, room, &ids);
  if (is_short) {
    apus_text_tables_add(t, e->keys[i], ids, found);
  } else if (is_kept) {
    apus_text_tables_add_long(t, bytes, count, e->keys[i].low, ids, found);
  }
  return ISA(copy)(out, ids, found);
}

static const int32_t *ISA(encode)(
    apus_text_encoder *e, const uint8_t *text, size_t count, size_t *from, size_t *ids_count) {
  size_t at = *from;
  // Slots stay where they are while the batch is encoded.
  apus_text_tables_reserve(&e->tables, BATCH + SPLIT_SLACK);
  size_t pieces =
      e->model->has_characters
          ? apus_text_characters_split(&e->model->characters, text, count, from, e->ends, BATCH)
          : e->split(&e->model->pattern, text, count, from, e->ends, BATCH);
  // A byte gives at most one token, and copies may write INLINE_IDS more than there are.
  e->ids = apus_text_grow(
      e->ids, &e->ids_capacity, *from - at + INLINE_IDS, sizeof *e->ids);
  if (count - *from >= 16) {
    ISA(prepare)(e, text, at, pieces, true);
  } else {
    ISA(prepare)(e, text, at, pieces, false);
  }
  const ISA(u32x4) mask = {ID_MASK, ~0u, ~0u, ~0u};
  const apus_text_slot *slots = e->tables.slots;
  const apus_text_key *keys = e->keys;
  const uint32_t *places = e->places;
  uint32_t *out = e->ids;
  for (size_t i = 0; i < pieces; i++) {
    const apus_text_slot *slot = slots + places[i];
    if (__builtin_expect(slot->key.low == keys[i].low && slot->key.high == keys[i].high, 1)) {
      *(ISA(u32x4) *)out = *(const ISA(u32x4) *)slot->ids & mask;
      out += slot->ids[0] >> COUNT_SHIFT;
    } else {
      size_t start = i ? e->ends[i - 1] : at;
      out = ISA(encode_other)(e, text + start, e->ends[i] - start, i, out);
    }
  }
  *ids_count = (size_t)(out - e->ids);
  return (const int32_t *)e->ids;
}
