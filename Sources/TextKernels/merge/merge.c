#include "merge.h"

#include <stdlib.h>

#include "../memory.h"

#define NONE UINT32_MAX

void apus_text_merge_reserve(apus_text_merge_scratch *s, size_t count) {
  if (count <= s->capacity) return;
  s->capacity = count + count / 2;
  s->ids = apus_text_resize(s->ids, s->capacity * sizeof *s->ids);
  s->ranks = apus_text_resize(s->ranks, s->capacity * sizeof *s->ranks);
  s->next = apus_text_resize(s->next, s->capacity * sizeof *s->next);
  s->previous = apus_text_resize(s->previous, s->capacity * sizeof *s->previous);
  // Every merge adds at most two entries and there are fewer merges than symbols.
  s->heap = apus_text_resize(s->heap, 3 * s->capacity * sizeof *s->heap);
}

void apus_text_merge_destroy(apus_text_merge_scratch *s) {
  free(s->ids);
  free(s->ranks);
  free(s->next);
  free(s->previous);
  free(s->heap);
}

// Entries are rank << 32 | position.
static size_t push(uint64_t *heap, size_t count, uint64_t entry) {
  size_t at = count;
  while (at > 0 && heap[(at - 1) / 2] > entry) {
    heap[at] = heap[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  heap[at] = entry;
  return count + 1;
}

// Takes the least entry out, which is heap[0].
static size_t pop(uint64_t *heap, size_t count) {
  uint64_t last = heap[--count];
  size_t at = 0;
  for (size_t child = 1; child < count; child = 2 * at + 1) {
    if (child + 1 < count && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= last) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = last;
  return count;
}

size_t apus_text_merge_long(
    const apus_text_pairs *pairs, apus_text_merge_scratch *s, size_t count) {
  if (count < 2) return count;
  size_t waiting = 0;
  for (size_t i = 0; i < count; i++) {
    s->next[i] = i + 1 < count ? (uint32_t)i + 1 : NONE;
    s->previous[i] = i > 0 ? (uint32_t)i - 1 : NONE;
    s->ranks[i] = i + 1 < count ? pair_rank(pairs, s->ids[i], s->ids[i + 1]) : RANK_NEVER;
    if (s->ranks[i] != RANK_NEVER)
      waiting = push(s->heap, waiting, (uint64_t)s->ranks[i] << 32 | i);
  }
  while (waiting > 0) {
    uint64_t top = s->heap[0];
    waiting = pop(s->heap, waiting);
    uint32_t left = (uint32_t)top;
    // Out of date where the pair has changed since.
    if (s->ranks[left] != top >> 32) continue;
    uint32_t right = s->next[left], after = s->next[right], before = s->previous[left];
    s->ids[left] =
        merged_token(pairs, (uint32_t)(top >> 32), s->ids[left], s->ids[right]);
    s->ranks[right] = RANK_NEVER;
    s->next[left] = after;
    s->ranks[left] = RANK_NEVER;
    if (after != NONE) {
      s->previous[after] = left;
      s->ranks[left] = pair_rank(pairs, s->ids[left], s->ids[after]);
    }
    if (s->ranks[left] != RANK_NEVER)
      waiting = push(s->heap, waiting, (uint64_t)s->ranks[left] << 32 | left);
    if (before == NONE) continue;
    s->ranks[before] = pair_rank(pairs, s->ids[before], s->ids[left]);
    if (s->ranks[before] != RANK_NEVER)
      waiting = push(s->heap, waiting, (uint64_t)s->ranks[before] << 32 | before);
  }
  size_t kept = 0;
  for (uint32_t at = 0; at != NONE; at = s->next[at]) s->ids[kept++] = s->ids[at];
  return kept;
}
