#include "pairs.h"

#include <stdlib.h>
#include <string.h>

#include "../memory.h"

static void add(apus_text_pairs *pairs, uint32_t left, uint32_t right, uint32_t rank) {
  uint64_t key = pair_key(left, right), hash = pair_hash(key);
  uint64_t at = pair_slot(pairs, hash);
  pairs->filter[hash >> pairs->filter_shift] |= filter_bits(hash);
  // Of two merges of one pair the first counts.
  for (; pairs->slots[at] != UINT64_MAX; at = (at + 1) & pairs->mask)
    if ((pairs->slots[at] ^ key) <= RANK_NEVER) return;
  pairs->slots[at] = key | rank;
}

// The tokens by rank.
static void set_merged(apus_text_pairs *pairs, const apus_text_vocabulary *v) {
  uint32_t ranks = 0;
  for (uint32_t i = 0; i < v->merge_count; i++)
    if ((uint32_t)v->merges[i].rank >= ranks) ranks = (uint32_t)v->merges[i].rank + 1;
  pairs->merged = apus_text_allocate((ranks + (size_t)1) * sizeof *pairs->merged);
  memset(pairs->merged, 0xFF, ranks * sizeof *pairs->merged);
  pairs->merged_offset =
      v->merge_count ? (uint32_t)(v->merges[0].merged - v->merges[0].rank) : 0;
  for (uint32_t i = 0; i < v->merge_count; i++) {
    uint32_t merged = (uint32_t)v->merges[i].merged, rank = (uint32_t)v->merges[i].rank;
    uint32_t *known = pairs->merged + rank;
    *known = *known == UINT32_MAX || *known == merged ? merged : SHARED;
    if (merged - rank != pairs->merged_offset) pairs->merged_offset = NO_OFFSET;
  }
}

static uint64_t *shared_slot(const apus_text_pairs *pairs, uint64_t key) {
  uint64_t at = pair_hash(key) >> 40 & pairs->shared_mask;
  while (pairs->shared[at] != UINT64_MAX && (pairs->shared[at] ^ key) > RANK_NEVER)
    at = (at + 1) & pairs->shared_mask;
  return pairs->shared + at;
}

// The tokens by pair, of ranks that several tokens have.
static void set_shared(apus_text_pairs *pairs, const apus_text_vocabulary *v) {
  uint64_t count = 0, size = 16;
  for (uint32_t i = 0; i < v->merge_count; i++)
    count += pairs->merged[v->merges[i].rank] == SHARED;
  while (size < count * 2) size *= 2;
  pairs->shared_mask = size - 1;
  pairs->shared = apus_text_allocate(size * sizeof *pairs->shared);
  memset(pairs->shared, 0xFF, size * sizeof *pairs->shared);
  for (uint32_t i = 0; i < v->merge_count && count > 0; i++) {
    const apus_text_merge *merge = v->merges + i;
    if (pairs->merged[merge->rank] != SHARED) continue;
    uint64_t key = pair_key((uint32_t)merge->left, (uint32_t)merge->right);
    uint64_t *slot = shared_slot(pairs, key);
    if (*slot == UINT64_MAX) *slot = key | (uint64_t)merge->merged;
  }
}

uint32_t apus_text_shared_token(const apus_text_pairs *pairs, uint32_t left, uint32_t right) {
  uint64_t key = pair_key(left, right);
  return (uint32_t)(*shared_slot(pairs, key) ^ key);
}

void apus_text_pairs_init(apus_text_pairs *pairs, const apus_text_vocabulary *v) {
  set_merged(pairs, v);
  set_shared(pairs, v);
  uint64_t count = v->merge_count, size = 64;
  // At most three quarters full.
  while (size * 3 < count * 4) size *= 2;
  pairs->mask = size - 1;
  pairs->slots = apus_text_allocate_table(size * sizeof *pairs->slots);
  memset(pairs->slots, 0xFF, size * sizeof *pairs->slots);
  // 8 to 16 bits a pair: one in fifty that do not merge pass.
  uint32_t filter_log = 6;
  while (((uint64_t)64 << filter_log) < count * 8) filter_log++;
  pairs->filter_shift = 64 - filter_log;
  pairs->filter = apus_text_allocate_table(sizeof *pairs->filter << filter_log);
  for (uint32_t i = 0; i < v->merge_count; i++) {
    const apus_text_merge *merge = v->merges + i;
    add(pairs, (uint32_t)merge->left, (uint32_t)merge->right, (uint32_t)merge->rank);
  }
  pairs->of_bytes = apus_text_allocate(65536 * sizeof *pairs->of_bytes);
  for (uint32_t i = 0; i < 65536; i++) {
    int32_t left = v->symbols[i >> 8], right = v->symbols[i & 255];
    bool both = left >= 0 && right >= 0;
    pairs->of_bytes[i] = both ? pair_rank(pairs, (uint32_t)left, (uint32_t)right) : RANK_NEVER;
  }
}

void apus_text_pairs_destroy(apus_text_pairs *pairs) {
  free(pairs->slots);
  free(pairs->filter);
  free(pairs->merged);
  free(pairs->shared);
  free(pairs->of_bytes);
}
