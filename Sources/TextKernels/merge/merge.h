// Byte-pair merging of one piece: always the earliest merge there is, the leftmost of equals.
#ifndef APUS_TEXT_MERGE_H
#define APUS_TEXT_MERGE_H

#include "pairs.h"

// Up to this many symbols the least rank is searched for in vectors; beyond a heap finds it, so
// that n symbols take O(n log n).
#define MERGE_SHORT 64

typedef struct apus_text_merge_scratch {
  uint32_t *ids;  // the symbols of a long piece; afterwards its tokens
  uint32_t *ranks;
  uint32_t *next;
  uint32_t *previous;
  uint64_t *heap;
  size_t capacity;
} apus_text_merge_scratch;

// Makes room for `count` symbols.
void apus_text_merge_reserve(apus_text_merge_scratch *scratch, size_t count);
void apus_text_merge_destroy(apus_text_merge_scratch *scratch);

// Merges scratch->ids[0 ..< count] in place and returns how many are left.
size_t apus_text_merge_long(
    const apus_text_pairs *pairs, apus_text_merge_scratch *scratch, size_t count);

#endif
