// Tokens by their bytes, for finding all that begin at a place.
#ifndef APUS_TEXT_TRIE_H
#define APUS_TEXT_TRIE_H

#include "../include/text_kernels.h"
#include "../split/classes.h"

// One step of a search reads one of these.
typedef struct trie_unit {
  uint32_t base;    // the child by a byte is units[base ^ byte], where its parent says so
  uint32_t parent;  // TRIE_NONE where the unit is free, and of the root
  double score;     // of the token that ends here; minus infinity where none does
} trie_unit;

// A double array: the children of a node lie among 256 units, between those of other nodes. Unit 0
// is the root.
//
// - Source: Aoe 1989, "An efficient digital search algorithm by using a double-array structure";
//   exclusive or instead of a sum as in Yata 2008, Darts-clone.
typedef struct apus_text_trie {
  trie_unit *units;
  int32_t *tokens;  // by unit, -1 where none ends
} apus_text_trie;

#define TRIE_NONE UINT32_MAX

// Of tokens[0 ..< count], which begin at starts[i] and end at starts[i + 1]; of two with the same
// bytes the later is found, and empty ones are none. Scores are 0 where there are none.
void apus_text_trie_init(
    apus_text_trie *trie, const uint8_t *bytes, const uint32_t *starts, uint32_t count,
    const double *scores);
void apus_text_trie_destroy(apus_text_trie *trie);

// The child, or TRIE_NONE.
APUS_INLINE uint32_t trie_child(const apus_text_trie *trie, uint32_t node, uint8_t byte) {
  uint32_t child = trie->units[node].base ^ byte;
  return trie->units[child].parent == node ? child : TRIE_NONE;
}

#endif
