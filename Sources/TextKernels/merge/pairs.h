// Which neighbouring pair of tokens becomes which, and how early.
#ifndef APUS_TEXT_PAIRS_H
#define APUS_TEXT_PAIRS_H

#include "../include/text_kernels.h"
#include "../split/classes.h"

#define RANK_BITS 22
#define ID_BITS 21
#define RANK_NEVER ((uint32_t)APUS_TEXT_RANK_LIMIT)
#define NO_OFFSET UINT32_MAX
#define SHARED (UINT32_MAX - 1)

// An open table of 64-bit slots: left, right, rank. All ones is free.
//
// Pairs that merge are mostly the same few; those that do not are all over the table, and each
// would be a cache miss. A small filter in front of it turns most of them away.
typedef struct apus_text_pairs {
  uint64_t *slots;
  uint64_t mask;
  uint64_t *filter;  // two bits for each pair, in one word
  uint32_t filter_shift;
  uint32_t merged_offset;  // tokens are rank + this, or NO_OFFSET
  uint32_t *merged;  // by rank; SHARED where it depends on the pair
  uint64_t *shared;  // of ranks with several tokens: left, right, token; all ones is free
  uint64_t shared_mask;
  uint32_t *of_bytes;  // [65536] rank of two byte symbols, by their bytes
} apus_text_pairs;

// The limits have been checked.
void apus_text_pairs_init(apus_text_pairs *pairs, const apus_text_vocabulary *vocabulary);
void apus_text_pairs_destroy(apus_text_pairs *pairs);

APUS_INLINE uint64_t pair_key(uint32_t left, uint32_t right) {
  return (uint64_t)left << (ID_BITS + RANK_BITS) | (uint64_t)right << RANK_BITS;
}

APUS_INLINE uint64_t pair_hash(uint64_t key) { return key * 0x9E3779B97F4A7C15u; }

APUS_INLINE uint64_t pair_slot(const apus_text_pairs *pairs, uint64_t hash) {
  return hash >> 40 & pairs->mask;
}

APUS_INLINE uint64_t filter_bits(uint64_t hash) {
  return (uint64_t)1 << (hash >> 34 & 63) | (uint64_t)1 << (hash >> 28 & 63);
}

// RANK_NEVER where they do not merge.
APUS_INLINE uint32_t pair_rank(const apus_text_pairs *pairs, uint32_t left, uint32_t right) {
  uint64_t key = pair_key(left, right), hash = pair_hash(key);
  if (filter_bits(hash) & ~pairs->filter[hash >> pairs->filter_shift]) return RANK_NEVER;
  for (uint64_t at = pair_slot(pairs, hash);; at = (at + 1) & pairs->mask) {
    uint64_t slot = pairs->slots[at];
    if ((slot ^ key) <= RANK_NEVER) return (uint32_t)(slot ^ key);
    if (slot == UINT64_MAX) return RANK_NEVER;
  }
}

// What the two give, of a rank that several tokens have.
uint32_t apus_text_shared_token(const apus_text_pairs *pairs, uint32_t left, uint32_t right);

// What the merge of these two gives, whose rank this is.
APUS_INLINE uint32_t merged_token(
    const apus_text_pairs *pairs, uint32_t rank, uint32_t left, uint32_t right) {
  if (pairs->merged_offset != NO_OFFSET) return rank + pairs->merged_offset;
  uint32_t token = pairs->merged[rank];
  return token != SHARED ? token : apus_text_shared_token(pairs, left, right);
}

#endif
