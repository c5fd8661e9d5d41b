// Text to token ids: pieces are looked up as numbers of 128 bits, only new ones are merged.
#include <stdlib.h>

#include "../memory.h"
#include "model.h"

#define APUS_BODY "encode/encode.body.h"
#include "../for_each_isa.h"

apus_text_encoder_body apus_text_encoder_body_for(int32_t isa) {
  static const apus_text_encoder_body by_isa[APUS_TEXT_ISA_COUNT] = {
      {encode_scalar, merge_bytes_scalar, merge_symbols_scalar},
#if defined(__x86_64__)
      {encode_avx2, merge_bytes_avx2, merge_symbols_avx2},
      {encode_avx512, merge_bytes_avx512, merge_symbols_avx512},
#endif
  };
  for (int32_t i = isa; i > 0; i--)
    if (by_isa[i].encode) return by_isa[i];
  return by_isa[0];
}

// The tables start out with the tokens that stand for themselves, frequent ones first. Their slots
// are all over the memory: some tokens ahead they are sent for.
#define AHEAD 16

static void seed(apus_text_encoder *e) {
  const apus_text_model *m = e->model;
  apus_text_tables *t = &e->tables;
  apus_text_tables_init(t, m->short_count, m->long_count);
  for (uint32_t id = 0; id < m->token_count; id++) {
    uint32_t later = id + AHEAD < m->token_count ? id + AHEAD : id;
    size_t later_count = m->starts[later + 1] - m->starts[later];
    if (later_count > 0 && later_count <= SHORT_BYTES)
      __builtin_prefetch(
          t->slots + (key_hash(key_at(m->bytes + m->starts[later], later_count)) & t->mask), 1);
    if (!is_whole(m, id)) continue;
    const uint8_t *bytes = m->bytes + m->starts[id];
    size_t count = m->starts[id + 1] - m->starts[id];
    if (count <= SHORT_BYTES) {
      apus_text_tables_add(t, key_at(bytes, count), &id, 1);
    } else {
      apus_text_tables_add_long(t, bytes, count, long_hash(bytes, count), &id, 1);
    }
  }
}

apus_text_encoder *apus_text_encoder_create(const apus_text_model *model, int32_t isa) {
  if (isa < 0) isa = apus_text_isa_best();
  apus_text_encoder *e = apus_text_allocate(sizeof *e);
  memset(e, 0, sizeof *e);
  e->model = model;
  e->body = apus_text_encoder_body_for(isa);
  e->split = apus_text_splitter_for(isa);
  e->ends = apus_text_allocate((BATCH + SPLIT_SLACK) * sizeof *e->ends);
  e->keys = apus_text_allocate((BATCH + SPLIT_SLACK) * sizeof *e->keys);
  e->places = apus_text_allocate((BATCH + SPLIT_SLACK) * sizeof *e->places);
  seed(e);
  return e;
}

void apus_text_encoder_destroy(apus_text_encoder *e) {
  if (!e) return;
  apus_text_tables_destroy(&e->tables);
  apus_text_merge_destroy(&e->scratch);
  free(e->ends);
  free(e->keys);
  free(e->places);
  free(e->ids);
  free(e);
}

const int32_t *apus_text_encode(
    apus_text_encoder *e, const uint8_t *text, size_t count, size_t *from, size_t *ids_count) {
  if (apus_text_tables_are_full(&e->tables)) {
    apus_text_tables_destroy(&e->tables);
    seed(e);
  }
  return e->body.encode(e, text, count, from, ids_count);
}
