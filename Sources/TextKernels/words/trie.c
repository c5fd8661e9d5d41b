#include "trie.h"

#include <stdlib.h>
#include <string.h>

#include "../memory.h"

void apus_text_trie_init(apus_text_trie *t, size_t byte_count) {
  uint64_t size = 256;
  // There are at most as many edges as bytes.
  while (size < (uint64_t)byte_count * 2) size *= 2;
  t->mask = size - 1;
  t->edges = apus_text_allocate_table(size * sizeof *t->edges);
  memset(t->edges, 0xFF, size * sizeof *t->edges);
  t->node_capacity = 0;
  t->tokens = apus_text_grow(NULL, &t->node_capacity, 1, sizeof *t->tokens);
  t->tokens[0] = -1;
  t->node_count = 1;
  memset(t->roots, 0xFF, sizeof t->roots);
}

void apus_text_trie_destroy(apus_text_trie *t) {
  free(t->edges);
  free(t->tokens);
}

void apus_text_trie_add(apus_text_trie *t, const uint8_t *bytes, size_t count, int32_t token) {
  uint32_t node = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t child = trie_child(t, node, bytes[i]);
    if (child == TRIE_NONE) {
      child = t->node_count++;
      t->tokens = apus_text_grow(t->tokens, &t->node_capacity, t->node_count, sizeof *t->tokens);
      t->tokens[child] = -1;
      if (node == 0) {
        t->roots[bytes[i]] = (int32_t)child;
      } else {
        uint64_t key = edge_key(node, bytes[i]);
        uint64_t at = key * 0x9E3779B97F4A7C15u >> 32 & t->mask;
        while (t->edges[at] != UINT64_MAX) at = (at + 1) & t->mask;
        t->edges[at] = key | child;
      }
    }
    node = child;
  }
  t->tokens[node] = token;
}
