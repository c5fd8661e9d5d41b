#include "model.h"

#include <stdlib.h>

#include "../memory.h"

size_t apus_text_merge_piece(
    const apus_text_model *model, const apus_text_encoder_body *body,
    apus_text_merge_scratch *scratch, const uint8_t *bytes, size_t count, uint32_t *room,
    const uint32_t **ids) {
  if (count <= MERGE_SHORT && model->merges_bytes) {
    *ids = room;
    return body->merge(&model->pairs, model->symbols, bytes, (uint32_t)count, room);
  }
  apus_text_merge_reserve(scratch, count);
  size_t symbols = 0;
  if (model->has_characters) {
    symbols = apus_text_characters_symbols(
        &model->characters, model->symbols, bytes, count, scratch->ids);
  }
  for (size_t i = 0; i < count && !model->has_characters; i++) {
    int32_t symbol = model->symbols[bytes[i]];
    if (symbol >= 0) scratch->ids[symbols++] = (uint32_t)symbol;
  }
  *ids = scratch->ids;
  if (symbols <= MERGE_SHORT) return body->merge_symbols(&model->pairs, scratch->ids, symbols);
  return apus_text_merge_long(&model->pairs, scratch, symbols);
}

static void count_whole(apus_text_model *m) {
  for (uint32_t id = 0; id < m->token_count; id++) {
    size_t count = m->starts[id + 1] - m->starts[id];
    if (!is_whole(m, id)) continue;
    if (count <= SHORT_BYTES) {
      m->short_count++;
    } else {
      m->long_count++;
      if (count > m->longest_kept) m->longest_kept = count;
    }
  }
}

static bool is_within_limits(const apus_text_vocabulary *v) {
  if (v->token_count > APUS_TEXT_ID_LIMIT || v->merge_count > INT32_MAX) return false;
  if (v->starts[v->token_count] >= APUS_TEXT_BYTES_LIMIT) return false;
  for (size_t i = 0; i < v->merge_count; i++) {
    const apus_text_merge *m = v->merges + i;
    bool fits = (uint32_t)m->left < APUS_TEXT_ID_LIMIT &&
                (uint32_t)m->right < APUS_TEXT_ID_LIMIT &&
                (uint32_t)m->merged < APUS_TEXT_ID_LIMIT &&
                (uint32_t)m->rank < APUS_TEXT_RANK_LIMIT;
    if (!fits) return false;
  }
  for (size_t i = 0; i < 256; i++) {
    if (v->symbols[i] >= APUS_TEXT_ID_LIMIT) return false;
    if (v->symbols[i] < 0 && v->symbol_kind == APUS_TEXT_CHARACTERS) return false;
  }
  return true;
}

apus_text_model *apus_text_model_create(const apus_text_vocabulary *v) {
  if (!is_within_limits(v)) return NULL;
  apus_text_classes_prepare();
  apus_text_model *model = apus_text_allocate(sizeof *model);
  memset(model, 0, sizeof *model);
  model->pattern = v->pattern;
  memcpy(model->symbols, v->symbols, sizeof model->symbols);
  model->has_characters = v->symbol_kind == APUS_TEXT_CHARACTERS;
  bool has_all = true;
  for (size_t i = 0; i < 256; i++) has_all &= v->symbols[i] >= 0;
  model->merges_bytes = has_all && !model->has_characters;
  model->token_count = v->token_count;
  size_t size = v->starts[v->token_count];
  model->bytes = apus_text_allocate(size + 16);
  memcpy(model->bytes, v->bytes, size);
  memset(model->bytes + size, 0, 16);
  model->starts = apus_text_allocate((v->token_count + (size_t)1) * sizeof *model->starts);
  memcpy(model->starts, v->starts, (v->token_count + (size_t)1) * sizeof *model->starts);
  model->prefers_whole = v->prefers_whole_tokens;
  model->is_merged = apus_text_allocate(v->token_count + (size_t)1);
  memset(model->is_merged, 0, v->token_count);
  model->longest_kept = LONG_BYTES;
  if (model->has_characters) {
    apus_text_characters_init(&model->characters, v);
  } else {
    apus_text_borders_init(&model->borders, v);
  }
  apus_text_pairs_init(&model->pairs, v);
  apus_text_find_merged(model, v);
  count_whole(model);
  return model;
}

void apus_text_model_destroy(apus_text_model *model) {
  if (!model) return;
  apus_text_pairs_destroy(&model->pairs);
  apus_text_characters_destroy(&model->characters);
  apus_text_borders_destroy(&model->borders);
  free(model->bytes);
  free(model->starts);
  free(model->is_merged);
  free(model);
}
