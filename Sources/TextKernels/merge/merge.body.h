// Merging of at most MERGE_SHORT symbols.

typedef uint32_t ISA(u32x8) __attribute__((vector_size(32), aligned(4)));

// Of keys[0 ..< 8 * vectors].
APUS_INLINE uint32_t ISA(least)(const uint32_t *keys, uint32_t vectors) {
  ISA(u32x8) least = *(const ISA(u32x8) *)keys;
  for (uint32_t i = 1; i < vectors; i++)
    least = __builtin_elementwise_min(least, *(const ISA(u32x8) *)(keys + 8 * i));
  return __builtin_reduce_min(least);
}

// Merges the `count` symbols in ids in place and returns how many are left. `keys` holds for each
// symbol the rank of its pair with the next one << 6 | its place, or UINT32_MAX, up to a multiple
// of 8.
APUS_INLINE size_t ISA(merge_short)(
    const apus_text_pairs *pairs, uint32_t *ids, uint32_t *keys, uint32_t count) {
  uint32_t vectors = (count + 7) / 8;
  uint64_t alive = count == 64 ? ~(uint64_t)0 : below(count);
  for (;;) {
    uint32_t key = ISA(least)(keys, vectors);
    if (key == UINT32_MAX) break;
    uint32_t left = key & 63;
    uint64_t behind = alive & ~up_to(left);
    uint32_t right = lowest(behind);
    uint32_t id = ids[left] = merged_token(pairs, key >> 6, ids[left], ids[right]);
    keys[right] = UINT32_MAX;
    uint64_t after = behind & (behind - 1);
    alive ^= behind ^ after;
    uint32_t rank = after ? pair_rank(pairs, id, ids[lowest(after)]) : RANK_NEVER;
    keys[left] = rank == RANK_NEVER ? UINT32_MAX : rank << 6 | left;
    uint64_t before = alive & below(left);
    if (before) {
      uint32_t at = highest(before);
      rank = pair_rank(pairs, ids[at], id);
      keys[at] = rank == RANK_NEVER ? UINT32_MAX : rank << 6 | at;
    }
  }
  size_t kept = 0;
  for (; alive; alive &= alive - 1) ids[kept++] = ids[lowest(alive)];
  return kept;
}

// The tokens of a piece of 1 to MERGE_SHORT bytes that all have symbols.
APUS_INLINE size_t ISA(merge_bytes)(
    const apus_text_pairs *pairs, const int32_t *symbols, const uint8_t *bytes, uint32_t count,
    uint32_t *ids) {
  uint32_t keys[MERGE_SHORT];
  for (uint32_t i = 0; i + 1 < count; i++) {
    uint32_t rank = pairs->of_bytes[(uint32_t)bytes[i] << 8 | bytes[i + 1]];
    keys[i] = rank == RANK_NEVER ? UINT32_MAX : rank << 6 | i;
  }
  for (uint32_t i = count - 1; i < ((count + 7) & ~7u); i++) keys[i] = UINT32_MAX;
  for (uint32_t i = 0; i < count; i++) ids[i] = (uint32_t)symbols[bytes[i]];
  return ISA(merge_short)(pairs, ids, keys, count);
}

// Merges at most MERGE_SHORT symbols in place and returns how many are left.
static size_t ISA(merge_symbols)(const apus_text_pairs *pairs, uint32_t *ids, size_t count) {
  if (count < 2) return count;
  uint32_t keys[MERGE_SHORT];
  for (uint32_t i = 0; i + 1 < count; i++) {
    uint32_t rank = pair_rank(pairs, ids[i], ids[i + 1]);
    keys[i] = rank == RANK_NEVER ? UINT32_MAX : rank << 6 | i;
  }
  for (uint32_t i = (uint32_t)count - 1; i < (((uint32_t)count + 7) & ~7u); i++)
    keys[i] = UINT32_MAX;
  return ISA(merge_short)(pairs, ids, keys, (uint32_t)count);
}
