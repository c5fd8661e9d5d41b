#ifndef APUS_TEXT_MODEL_H
#define APUS_TEXT_MODEL_H

#include "../merge/merge.h"
#include "../split/split.h"
#include "borders.h"
#include "characters.h"
#include "tables.h"

struct apus_text_model {
  apus_text_pattern pattern;
  bool has_characters;  // they are the symbols
  apus_text_characters characters;
  apus_text_borders borders;  // where symbols are bytes
  apus_text_pairs pairs;
  int32_t symbols[256];
  bool merges_bytes;  // every byte has a symbol, and symbols are bytes
  uint32_t token_count;
  uint8_t *bytes;    // 16 more may be read
  uint32_t *starts;  // [token_count + 1]
  bool *is_merged;     // [token_count] whether merging makes it out of its own bytes
  bool prefers_whole;  // a piece that is a token is that token all the same
  size_t short_count, long_count;  // of those
  size_t longest_kept;  // pieces up to this length are looked up
};

// What depends on the instruction set.
typedef struct apus_text_encoder_body {
  const int32_t *(*encode)(
      apus_text_encoder *encoder, const uint8_t *text, size_t count, size_t *from,
      size_t *ids_count);
  // The tokens of a piece of 1 to MERGE_SHORT bytes, where every byte has a symbol.
  size_t (*merge)(
      const apus_text_pairs *pairs, const int32_t *symbols, const uint8_t *bytes, uint32_t count,
      uint32_t *ids);
  // Merges at most MERGE_SHORT symbols in place and returns how many are left.
  size_t (*merge_symbols)(const apus_text_pairs *pairs, uint32_t *ids, size_t count);
} apus_text_encoder_body;

apus_text_encoder_body apus_text_encoder_body_for(int32_t isa);

struct apus_text_encoder {
  const apus_text_model *model;
  apus_text_encoder_body body;
  apus_text_splitter split;
  apus_text_tables tables;
  apus_text_merge_scratch scratch;
  // Of one batch of pieces.
  size_t *ends;
  apus_text_key *keys;
  uint32_t *places;
  uint32_t *ids;
  size_t ids_capacity;
};

// Pieces of a batch: their keys, hashes and ends stay in the first caches.
#define BATCH 512

#define SHORT_ROOM (MERGE_SHORT + 8)

// Tokens of a piece that no table holds. *ids is where they are; SHORT_ROOM of them may be written
// at `room`.
size_t apus_text_merge_piece(
    const apus_text_model *model, const apus_text_encoder_body *body,
    apus_text_merge_scratch *scratch, const uint8_t *bytes, size_t count, uint32_t *room,
    const uint32_t **ids);

// Fills is_merged, and takes out of `pairs` what never comes up.
void apus_text_find_merged(apus_text_model *model, const apus_text_vocabulary *vocabulary);

// Whether every byte has a symbol. One that has none is left out, and what stood on its two sides
// may merge, which no token's bytes tell.
APUS_INLINE bool has_symbols(const apus_text_model *model, const uint8_t *bytes, size_t count) {
  if (model->merges_bytes) return true;
  for (size_t i = 0; i < count; i++)
    if (model->symbols[bytes[i]] < 0) return false;
  return true;
}

// Whether a piece that is this token becomes it.
APUS_INLINE bool is_whole(const apus_text_model *model, uint32_t id) {
  bool is_token = model->starts[id + 1] > model->starts[id];
  return is_token && (model->prefers_whole || model->is_merged[id]);
}

#endif
