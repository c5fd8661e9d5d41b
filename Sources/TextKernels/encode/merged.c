// Which tokens their own bytes become: those that stand in the tables from the start.
//
// Merging every token would tell, and does where ranks are out of order. Otherwise it is enough to
// look along the border of the two parts of a token: they stay apart until the end unless some pair
// across it merges before both of its tokens have grown.
#include <stdlib.h>

#include "../memory.h"
#include "model.h"

// How each token is made. Ranks are one higher than those of merges; symbols have 0.
typedef struct makings {
  uint32_t *rank;
  uint32_t *left;
  uint32_t *right;
} makings;

#define NOT_MADE UINT32_MAX

static bool has_symbol(const apus_text_model *m, const uint8_t *bytes, size_t count) {
  if (!m->has_characters) return count == 1;
  return length_of_lead(bytes[0]) == count;
}

// Which merge has each rank, or NOT_MADE. *is_unique says that none has several.
static uint32_t *order_by_rank(
    const apus_text_vocabulary *v, uint32_t *ranks, bool *is_unique) {
  *ranks = 0;
  for (uint32_t i = 0; i < v->merge_count; i++)
    if ((uint32_t)v->merges[i].rank >= *ranks) *ranks = (uint32_t)v->merges[i].rank + 1;
  uint32_t *order = apus_text_allocate((*ranks + (size_t)1) * sizeof *order);
  memset(order, 0xFF, (*ranks + (size_t)1) * sizeof *order);
  *is_unique = true;
  for (uint32_t i = 0; i < v->merge_count; i++) {
    if (order[v->merges[i].rank] != NOT_MADE) *is_unique = false;
    order[v->merges[i].rank] = i;
  }
  return order;
}

// False where some token is made in two ways or before what it is made of, so that the border does
// not tell.
static bool find_makings(
    const apus_text_model *m, const apus_text_vocabulary *v, const uint32_t *order,
    uint32_t ranks, makings *k) {
  for (uint32_t id = 0; id < m->token_count; id++) {
    size_t count = m->starts[id + 1] - m->starts[id];
    k->rank[id] = count > 0 && has_symbol(m, m->bytes + m->starts[id], count) ? 0 : NOT_MADE;
  }
  for (uint32_t i = 0; i < ranks; i++) {
    if (order[i] == NOT_MADE) continue;
    const apus_text_merge *merge = v->merges + order[i];
    uint32_t id = (uint32_t)merge->merged;
    uint32_t left = (uint32_t)merge->left, right = (uint32_t)merge->right;
    if (id >= m->token_count || left >= m->token_count || right >= m->token_count) return false;
    bool is_ordered = k->rank[left] <= i && k->rank[right] <= i;
    if (k->rank[id] != NOT_MADE || !is_ordered) return false;
    k->rank[id] = i + 1;
    k->left[id] = left;
    k->right[id] = right;
  }
  return true;
}

// Whether nothing merges across the border of two tokens before they are both complete.
static bool stays_apart(
    const apus_text_pairs *pairs, const makings *k, uint32_t left, uint32_t right) {
  while (k->rank[left] > 0 || k->rank[right] > 0) {
    // Back in time, the later of the two first; of two alike the left one was first. A pair across
    // is to the right of the left token's own, and to the left of the right one's.
    uint32_t limit;
    if (k->rank[left] > k->rank[right]) {
      limit = k->rank[left];
      left = k->right[left];
    } else {
      limit = k->rank[right] + 1;
      right = k->left[right];
    }
    uint32_t rank = pair_rank(pairs, left, right);
    if (rank != RANK_NEVER && rank + 1 < limit) return false;
  }
  return true;
}

bool apus_text_becomes_itself(
    const apus_text_model *m, const apus_text_encoder_body *body,
    apus_text_merge_scratch *scratch, uint32_t id) {
  uint32_t room[SHORT_ROOM];
  const uint32_t *ids;
  size_t count = m->starts[id + 1] - m->starts[id];
  size_t found = apus_text_merge_piece(
      m, body, scratch, m->bytes + m->starts[id], count, room, &ids);
  return found == 1 && ids[0] == id;
}

static void find_by_merging(apus_text_model *m) {
  apus_text_encoder_body body = apus_text_encoder_body_for(apus_text_isa_best());
  apus_text_merge_scratch scratch = {0};
  for (uint32_t id = 0; id < m->token_count; id++)
    if (m->starts[id + 1] > m->starts[id])
      m->is_merged[id] = apus_text_becomes_itself(m, &body, &scratch, id);
  apus_text_merge_destroy(&scratch);
}

static void find_by_borders(
    apus_text_model *m, const apus_text_vocabulary *v, const uint32_t *order, uint32_t ranks,
    const makings *k) {
  for (uint32_t id = 0; id < m->token_count; id++) m->is_merged[id] = k->rank[id] == 0;
  // A token's parts come before it.
  for (uint32_t i = 0; i < ranks; i++) {
    if (order[i] == NOT_MADE) continue;
    uint32_t id = (uint32_t)v->merges[order[i]].merged;
    uint32_t left = k->left[id], right = k->right[id];
    m->is_merged[id] = m->is_merged[left] && m->is_merged[right] &&
                       m->starts[id + 1] > m->starts[id] &&
                       pair_rank(&m->pairs, left, right) == i &&
                       stays_apart(&m->pairs, k, left, right);
  }
}

void apus_text_find_merged(apus_text_model *m, const apus_text_vocabulary *v) {
  makings k;
  uint32_t ranks;
  bool is_unique;
  uint32_t *order = order_by_rank(v, &ranks, &is_unique);
  size_t size = (m->token_count + (size_t)1) * sizeof(uint32_t);
  k.rank = apus_text_allocate(size);
  k.left = apus_text_allocate(size);
  k.right = apus_text_allocate(size);
  if (is_unique && find_makings(m, v, order, ranks, &k)) {
    find_by_borders(m, v, order, ranks, &k);
  } else {
    find_by_merging(m);
  }
  free(order);
  free(k.rank);
  free(k.left);
  free(k.right);
}
