// Which tokens merging makes out of their own bytes, and by which pair: others never come up.
//
// What a token's bytes become by themselves they become in every text where no merge goes across
// their ends. So each token has at most one pair that ever makes it. Lists that have all pairs
// whose union is a token (ranks, scores) shrink to a quarter, and with them the table of pairs.
//
// Merging every token would tell. It is enough to look along the border of a pair: the two stay
// apart until the end unless some pair across it merges before both of its tokens have grown.
#include <stdlib.h>

#include "../memory.h"
#include "model.h"

// How a token is made. Ranks are one higher than those of merges; symbols have 0.
typedef struct making {
  uint32_t rank;
  uint32_t left, right;
  uint32_t merge;  // which one of the vocabulary
} making;

#define NOT_MADE UINT32_MAX

static bool is_symbol(const apus_text_model *m, const uint8_t *bytes, size_t count) {
  if (count == 0) return false;
  return m->has_characters ? length_of_lead(bytes[0]) == count : count == 1;
}

// Whether nothing merges across the border of two tokens before they are both complete.
static bool stays_apart(
    const apus_text_pairs *pairs, const making *makings, uint32_t left, uint32_t right) {
  making of_left = makings[left], of_right = makings[right];
  while (of_left.rank > 0 || of_right.rank > 0) {
    // Back in time, the later of the two first; of two alike the left one was first. A pair across
    // is to the right of the left token's own, and to the left of the right one's.
    uint32_t limit;
    if (of_left.rank > of_right.rank) {
      limit = of_left.rank;
      left = of_left.right;
      of_left = makings[left];
    } else {
      limit = of_right.rank + 1;
      right = of_right.left;
      of_right = makings[right];
    }
    uint32_t rank = pair_rank(pairs, left, right);
    if (rank != RANK_NEVER && rank + 1 < limit) return false;
  }
  return true;
}

static bool becomes_itself(
    const apus_text_model *m, const apus_text_encoder_body *body,
    apus_text_merge_scratch *scratch, uint32_t id) {
  uint32_t room[SHORT_ROOM];
  const uint32_t *ids;
  size_t count = m->starts[id + 1] - m->starts[id];
  size_t found = apus_text_merge_piece(
      m, body, scratch, m->bytes + m->starts[id], count, room, &ids);
  return found == 1 && ids[0] == id;
}

// The merges by rank, and where those of each rank begin.
static uint32_t *sort_by_rank(const apus_text_vocabulary *v, uint32_t **starts, uint32_t *ranks) {
  *ranks = 0;
  for (uint32_t i = 0; i < v->merge_count; i++)
    if ((uint32_t)v->merges[i].rank >= *ranks) *ranks = (uint32_t)v->merges[i].rank + 1;
  uint32_t *ends = apus_text_allocate((*ranks + (size_t)1) * sizeof *ends);
  memset(ends, 0, (*ranks + (size_t)1) * sizeof *ends);
  for (uint32_t i = 0; i < v->merge_count; i++) ends[v->merges[i].rank + 1]++;
  for (uint32_t rank = 0; rank < *ranks; rank++) ends[rank + 1] += ends[rank];
  // Counting up from where each begins leaves them where each ends, one place further left.
  uint32_t *order = apus_text_allocate((v->merge_count + (size_t)1) * sizeof *order);
  for (uint32_t i = 0; i < v->merge_count; i++) order[ends[v->merges[i].rank]++] = i;
  memmove(ends + 1, ends, *ranks * sizeof *ends);
  ends[0] = 0;
  *starts = ends;
  return order;
}

// The one of order[0 ..< count], all of one rank, that makes its token; NOT_MADE where none does.
static uint32_t find_making(
    const apus_text_model *m, const apus_text_vocabulary *v, const making *makings,
    const uint32_t *order, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const apus_text_merge *merge = v->merges + order[i];
    uint32_t left = (uint32_t)merge->left, right = (uint32_t)merge->right;
    uint32_t rank = (uint32_t)merge->rank;
    if (left >= m->token_count || right >= m->token_count) continue;
    // Not made at all, or later than this.
    if (makings[left].rank > rank || makings[right].rank > rank) continue;
    // Of two merges of one pair only one counts.
    if (pair_rank(&m->pairs, left, right) != rank) continue;
    if (stays_apart(&m->pairs, makings, left, right)) return order[i];
  }
  return NOT_MADE;
}

// Ranks ahead of which merges are sent for: they are all over the memory.
#define AHEAD 12

static void send_for(
    const apus_text_model *m, const making *makings, const apus_text_merge *merge) {
  uint64_t hash = pair_hash(pair_key((uint32_t)merge->left, (uint32_t)merge->right));
  __builtin_prefetch(m->pairs.filter + (hash >> m->pairs.filter_shift));
  __builtin_prefetch(m->pairs.slots + pair_slot(&m->pairs, hash));
  __builtin_prefetch(makings + merge->left);
  __builtin_prefetch(makings + merge->right);
}

// Fills `makings`. False where ranks are so much out of order that borders do not tell.
static bool find_makings(
    const apus_text_model *m, const apus_text_vocabulary *v, making *makings) {
  apus_text_encoder_body body = apus_text_encoder_body_for(apus_text_isa_best());
  apus_text_merge_scratch scratch = {0};
  uint32_t *starts, ranks;
  uint32_t *order = sort_by_rank(v, &starts, &ranks);
  bool is_ordered = true;
  for (uint32_t id = 0; id < m->token_count; id++) {
    bool is_base = is_symbol(m, m->bytes + m->starts[id], m->starts[id + 1] - m->starts[id]);
    makings[id] = (making){.rank = is_base ? 0 : NOT_MADE};
  }
  for (uint32_t rank = 0; rank < ranks && is_ordered; rank++) {
    size_t count = starts[rank + 1] - starts[rank];
    if (rank + AHEAD < ranks && starts[rank + AHEAD] < starts[rank + AHEAD + 1])
      send_for(m, makings, v->merges + order[starts[rank + AHEAD]]);
    if (count == 0) continue;
    const uint32_t *group = order + starts[rank];
    uint32_t id = (uint32_t)v->merges[group[0]].merged;
    bool is_shared = m->pairs.merged[rank] == SHARED;
    if (is_shared || id >= m->token_count || m->starts[id + 1] == m->starts[id]) {
      is_ordered = false;
    } else if (makings[id].rank == NOT_MADE) {
      uint32_t merge = find_making(m, v, makings, group, count);
      if (merge != NOT_MADE) {
        const apus_text_merge *by = v->merges + merge;
        makings[id] = (making){rank + 1, (uint32_t)by->left, (uint32_t)by->right, merge};
      } else if (becomes_itself(m, &body, &scratch, id)) {
        is_ordered = false;
      }
    }
  }
  free(order);
  free(starts);
  apus_text_merge_destroy(&scratch);
  return is_ordered;
}

// Keeps the pairs that make tokens and nothing else.
static void keep_makings(
    apus_text_model *m, const apus_text_vocabulary *v, const making *makings) {
  apus_text_merge *kept = apus_text_allocate((v->merge_count + (size_t)1) * sizeof *kept);
  apus_text_vocabulary less = *v;
  less.merges = kept;
  less.merge_count = 0;
  for (uint32_t id = 0; id < m->token_count; id++)
    if (makings[id].rank != 0 && makings[id].rank != NOT_MADE)
      kept[less.merge_count++] = v->merges[makings[id].merge];
  if (less.merge_count < v->merge_count) {
    apus_text_pairs_destroy(&m->pairs);
    apus_text_pairs_init(&m->pairs, &less);
  }
  free(kept);
}

void apus_text_find_merged(apus_text_model *m, const apus_text_vocabulary *v) {
  making *makings = apus_text_allocate_table((m->token_count + (size_t)1) * sizeof *makings);
  if (find_makings(m, v, makings)) {
    for (uint32_t id = 0; id < m->token_count; id++)
      m->is_merged[id] = makings[id].rank != NOT_MADE;
    keep_makings(m, v, makings);
  } else {
    apus_text_encoder_body body = apus_text_encoder_body_for(apus_text_isa_best());
    apus_text_merge_scratch scratch = {0};
    for (uint32_t id = 0; id < m->token_count; id++)
      if (m->starts[id + 1] > m->starts[id])
        m->is_merged[id] = becomes_itself(m, &body, &scratch, id);
    apus_text_merge_destroy(&scratch);
  }
  free(makings);
}
