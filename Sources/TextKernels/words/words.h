#ifndef APUS_TEXT_WORDS_H
#define APUS_TEXT_WORDS_H

#include "trie.h"

// Longer words than this, once normalised, are asked for.
#define WORD_BYTES 512
#define WORD_PREFIX 16

struct apus_text_words {
  apus_text_trie trie;
  int32_t kind;
  double unknown_score;
  int32_t unknown;
  uint32_t longest_word;
  uint8_t prefix[WORD_PREFIX];
  size_t prefix_count;
  uint32_t continuation;  // WordPiece: the node of the prefix, TRIE_NONE where no token has it
};

// The tokens of a normalised word; `ids` has room for as many as bytes. `word` begins with the
// prefix where the model puts one in front.
size_t apus_text_word_tokens(
    const apus_text_words *words, const uint8_t *word, size_t count, uint32_t *ids);

#endif
