#include "trie.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../memory.h"

typedef struct spelling {
  const uint8_t *bytes;
  uint32_t count;
  uint32_t token;
} spelling;

static int order(const void *a, const void *b) {
  const spelling *x = a, *y = b;
  uint32_t least = x->count < y->count ? x->count : y->count;
  int by_bytes = memcmp(x->bytes, y->bytes, least);
  if (by_bytes) return by_bytes;
  if (x->count != y->count) return x->count < y->count ? -1 : 1;
  return x->token < y->token ? -1 : x->token > y->token;
}

#define BLOCK_UNITS 256
// Free units are looked for in the newest blocks only, and not among too many of them: a few stay
// free, and making the trie takes time linear in its size.
#define OPEN_BLOCKS 16
#define MOST_TRIES 256

typedef struct builder {
  trie_unit *units;
  uint32_t *next, *previous;  // free units of the open blocks, round and round; 0 is in between
  size_t capacity, next_capacity, previous_capacity;
  uint32_t count;  // of units
} builder;

static void take(builder *b, uint32_t unit) {
  b->next[b->previous[unit]] = b->next[unit];
  b->previous[b->next[unit]] = b->previous[unit];
}

static void add_block(builder *b) {
  uint32_t first = b->count;
  b->count += BLOCK_UNITS;
  b->units = apus_text_grow(b->units, &b->capacity, b->count, sizeof *b->units);
  b->next = apus_text_grow(b->next, &b->next_capacity, b->count, sizeof *b->next);
  b->previous =
      apus_text_grow(b->previous, &b->previous_capacity, b->count, sizeof *b->previous);
  if (first == 0) b->next[0] = b->previous[0] = 0;
  for (uint32_t unit = first; unit < b->count; unit++) {
    b->units[unit] = (trie_unit){0, TRIE_NONE, -INFINITY};
    if (unit == 0) continue;
    uint32_t last = b->previous[0];
    b->next[last] = unit;
    b->previous[unit] = last;
    b->next[unit] = 0;
    b->previous[0] = unit;
  }
  if (first < OPEN_BLOCKS * BLOCK_UNITS) return;
  uint32_t closed = first - OPEN_BLOCKS * BLOCK_UNITS;
  for (uint32_t unit = closed; unit < closed + BLOCK_UNITS; unit++)
    if (unit && b->units[unit].parent == TRIE_NONE) take(b, unit);
}

static bool fits(const builder *b, uint32_t base, const uint8_t *labels, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t unit = base ^ labels[i];
    if (unit == 0 || b->units[unit].parent != TRIE_NONE) return false;
  }
  return true;
}

static uint32_t find_base(builder *b, const uint8_t *labels, uint32_t count) {
  uint32_t unit = b->next[0];
  for (uint32_t tries = 0; unit && tries < MOST_TRIES; tries++, unit = b->next[unit])
    if (fits(b, unit ^ labels[0], labels, count)) return unit ^ labels[0];
  uint32_t base = b->count;
  add_block(b);
  return base;
}

// Adds spellings[0 ..< count], which are sorted and agree in their first `depth` bytes, those of
// `node`. `ends` notes the spelling that ends at each node.
static void add_all(
    builder *b, const spelling *all, uint32_t total, int32_t **tokens, size_t *tokens_capacity) {
  typedef struct range {
    uint32_t node, first, end, depth;
  } range;
  size_t waiting = 0, capacity = 0;
  range *stack = apus_text_grow(NULL, &capacity, 1, sizeof *stack);
  stack[waiting++] = (range){0, 0, total, 0};
  while (waiting > 0) {
    range r = stack[--waiting];
    *tokens = apus_text_grow(*tokens, tokens_capacity, b->count, sizeof **tokens);
    (*tokens)[r.node] = -1;
    // Of equals the last one stays.
    for (; r.first < r.end && all[r.first].count == r.depth; r.first++)
      if (r.depth > 0) (*tokens)[r.node] = (int32_t)all[r.first].token;
    uint8_t labels[256];
    uint32_t count = 0;
    for (uint32_t i = r.first; i < r.end; i++) {
      uint8_t label = all[i].bytes[r.depth];
      if (count == 0 || labels[count - 1] != label) labels[count++] = label;
    }
    if (count == 0) continue;
    uint32_t base = find_base(b, labels, count), at = r.first;
    b->units[r.node].base = base;
    stack = apus_text_grow(stack, &capacity, waiting + count, sizeof *stack);
    for (uint32_t i = 0; i < count; i++) {
      uint32_t child = base ^ labels[i], first = at;
      take(b, child);
      b->units[child].parent = r.node;
      while (at < r.end && all[at].bytes[r.depth] == labels[i]) at++;
      stack[waiting++] = (range){child, first, at, r.depth + 1};
    }
  }
  free(stack);
}

void apus_text_trie_init(
    apus_text_trie *t, const uint8_t *bytes, const uint32_t *starts, uint32_t count,
    const double *scores) {
  spelling *all = apus_text_allocate((count + (size_t)1) * sizeof *all);
  for (uint32_t i = 0; i < count; i++)
    all[i] = (spelling){bytes + starts[i], starts[i + 1] - starts[i], i};
  qsort(all, count, sizeof *all, order);
  builder b = {0};
  add_block(&b);
  int32_t *tokens = NULL;
  size_t tokens_capacity = 0;
  add_all(&b, all, count, &tokens, &tokens_capacity);
  free(all);
  free(b.next);
  free(b.previous);
  // In large pages.
  t->units = apus_text_allocate_table(b.count * sizeof *t->units);
  memcpy(t->units, b.units, b.count * sizeof *t->units);
  free(b.units);
  t->tokens = apus_text_grow(tokens, &tokens_capacity, b.count, sizeof *tokens);
  for (uint32_t unit = 0; unit < b.count; unit++) {
    bool is_node = unit == 0 || t->units[unit].parent != TRIE_NONE;
    if (!is_node) t->tokens[unit] = -1;
    if (t->tokens[unit] >= 0) t->units[unit].score = scores ? scores[t->tokens[unit]] : 0;
  }
}

void apus_text_trie_destroy(apus_text_trie *t) {
  free(t->units);
  free(t->tokens);
}
