// Models whose symbols are characters: SentencePiece's byte-pair encoding.
//
// Their text comes whole. It is cut wherever no token has the two characters beside each other: no
// merge can go across such a place, so that the parts encode as the whole does.
#ifndef APUS_TEXT_CHARACTERS_H
#define APUS_TEXT_CHARACTERS_H

#include "../include/text_kernels.h"
#include "../split/classes.h"

typedef struct apus_text_characters {
  bool spaces_are_markers;
  uint8_t *ascii_pairs;    // [128 * 128] 1 where some token has the two beside each other
  uint64_t *pairs;         // two bits for each other pair, in one word
  uint32_t pairs_shift;
  uint64_t *symbols;       // open table of scalar << 32 | token; all ones is free
  uint64_t symbols_mask;
  int32_t ascii[128];      // token of each, -1 for none
} apus_text_characters;

// U+2581, which a space may stand for.
#define SPACE_MARKER 0x2581

void apus_text_characters_init(
    apus_text_characters *characters, const apus_text_vocabulary *vocabulary);
void apus_text_characters_destroy(apus_text_characters *characters);

// As apus_text_split, for these models.
size_t apus_text_characters_split(
    const apus_text_characters *characters, const uint8_t *text, size_t count, size_t *from,
    size_t *ends, size_t capacity);

// Writes the symbols of a piece: of each character its token, or the tokens of its bytes. At most
// `count`.
size_t apus_text_characters_symbols(
    const apus_text_characters *characters, const int32_t *bytes, const uint8_t *text,
    size_t count, uint32_t *ids);

#endif
