// Tokens by their bytes, for finding all that begin at a place.
#ifndef APUS_TEXT_TRIE_H
#define APUS_TEXT_TRIE_H

#include "../include/text_kernels.h"
#include "../split/classes.h"

// An open table of edges: node, byte, child. All ones is free. Nodes that end tokens say so, and
// node 0 is the root.
typedef struct apus_text_trie {
  uint64_t *edges;
  uint64_t mask;
  int32_t *tokens;  // by node, -1 for none
  uint32_t node_count;
  size_t node_capacity;
  // The root's children, where every search begins.
  int32_t roots[256];
} apus_text_trie;

#define TRIE_NONE UINT32_MAX

void apus_text_trie_init(apus_text_trie *trie, size_t byte_count);
void apus_text_trie_destroy(apus_text_trie *trie);

// Adds a token; of two with the same bytes the later is found.
void apus_text_trie_add(apus_text_trie *trie, const uint8_t *bytes, size_t count, int32_t token);

// Edges are node << 32 | byte << 24 | child.
APUS_INLINE uint64_t edge_key(uint32_t node, uint8_t byte) {
  return (uint64_t)node << 32 | (uint64_t)byte << 24;
}

// The child, or TRIE_NONE.
APUS_INLINE uint32_t trie_child(const apus_text_trie *trie, uint32_t node, uint8_t byte) {
  if (node == 0) return (uint32_t)trie->roots[byte];
  uint64_t key = edge_key(node, byte);
  for (uint64_t at = key * 0x9E3779B97F4A7C15u >> 32 & trie->mask;; at = (at + 1) & trie->mask) {
    uint64_t edge = trie->edges[at];
    if ((edge ^ key) >> 24 == 0) return (uint32_t)(edge & 0xFFFFFF);
    if (edge == UINT64_MAX) return TRIE_NONE;
  }
}

#endif
