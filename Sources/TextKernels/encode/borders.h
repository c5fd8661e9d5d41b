// Where a long piece of a byte-level model may be cut: between two characters that no token goes
// across, merging the parts gives what merging the whole does.
//
// Chinese and Japanese have sentences without a space, each of them new; their words are not. Only
// borders between characters of three bytes and more are looked at: in other scripts most
// neighbouring letters are neighbours in some token.
#ifndef APUS_TEXT_BORDERS_H
#define APUS_TEXT_BORDERS_H

#include "../include/text_kernels.h"

typedef struct apus_text_borders {
  uint64_t *words;  // two bits for each context of a border inside a token, in one word
  uint32_t shift;
} apus_text_borders;

void apus_text_borders_init(
    apus_text_borders *borders, const apus_text_vocabulary *vocabulary);
void apus_text_borders_destroy(apus_text_borders *borders);

// The first border behind `start` where the piece may be cut, or `count`.
size_t apus_text_next_border(
    const apus_text_borders *borders, const uint8_t *piece, size_t count, size_t start);

#endif
