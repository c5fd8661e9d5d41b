// Text to words to tokens.
//
// Text is cut at white space in ASCII. Stretches are looked up as they stand, a batch at a time so
// that their slots are on the way into the cache; those that are new are cut further where their
// scalars say so. A stretch with a scalar that depends on its context is a word of the slow way as
// a whole, together with the white space before it where that scalar comes first: it may join with
// it.
#include <stdlib.h>

#include "../encode/tables.h"
#include "../memory.h"
#include "scalars.h"
#include "stretches.h"
#include "words.h"

// Words of more bytes hardly repeat, and stretches of several words of more than so many.
#define KEPT_BYTES 256
#define KEPT_TOGETHER 48
// Room for the tokens that are in the slots of one batch.
#define SLACK (STRETCH_ROOM * INLINE_IDS)

struct apus_text_word_encoder {
  const apus_text_words *words;
  apus_text_stretch_finder find;
  apus_text_scalars scalars;
  apus_text_tables tables;
  uint32_t *ids;
  size_t ids_used, ids_capacity;
  // Of one batch of stretches.
  size_t starts[STRETCH_ROOM], ends[STRETCH_ROOM];
  apus_text_key keys[STRETCH_ROOM];
  uint64_t places[STRETCH_ROOM];
};

static void begin_tables(apus_text_word_encoder *e) {
  apus_text_tables_init(&e->tables, 1 << 14, 1 << 10);
}

apus_text_word_encoder *apus_text_word_encoder_create(const apus_text_words *words, int32_t isa) {
  apus_text_word_encoder *e = apus_text_allocate(sizeof *e);
  memset(e, 0, sizeof *e);
  e->words = words;
  e->find = apus_text_stretch_finder_for(isa < 0 ? apus_text_isa_best() : isa);
  begin_tables(e);
  return e;
}

void apus_text_word_encoder_destroy(apus_text_word_encoder *e) {
  if (!e) return;
  apus_text_scalars_destroy(&e->scalars);
  apus_text_tables_destroy(&e->tables);
  free(e->ids);
  free(e);
}

void apus_text_word_tell_scalar(
    apus_text_word_encoder *e, uint32_t scalar, int32_t kind, const uint8_t *bytes,
    size_t count) {
  apus_text_scalars_tell(&e->scalars, scalar, kind, bytes, count);
}

static void make_room(apus_text_word_encoder *e, size_t count) {
  e->ids = apus_text_grow(e->ids, &e->ids_capacity, e->ids_used + count + SLACK, sizeof *e->ids);
}

// Where there are `count` more ids than the SLACK.
static void put(apus_text_word_encoder *e, const uint32_t *ids, size_t count) {
  make_room(e, count);
  if (count > 0) memcpy(e->ids + e->ids_used, ids, count * sizeof *ids);
  e->ids_used += count;
}

static void put_slot(apus_text_word_encoder *e, const apus_text_slot *slot) {
  if (slot->key.high & KEY_SPILLED) {
    put(e, e->tables.arena + slot->ids[1], slot->ids[2]);
  } else {
    uint32_t ids[INLINE_IDS];
    memcpy(ids, slot->ids, sizeof ids);
    size_t found = ids[0] >> COUNT_SHIFT;
    ids[0] &= ID_MASK;
    put(e, ids, found);
  }
}

// Text and where it ends: 16 bytes are read at once where they are there.
typedef struct source {
  const uint8_t *text;
  size_t count;
} source;

static apus_text_key key_in(source s, size_t start, size_t length) {
  return s.count - start >= 16 ? key_at(s.text + start, length) : key_of(s.text + start, length);
}

// Puts the tokens of a known word; false where it is none.
static bool put_known(apus_text_word_encoder *e, source s, size_t start, size_t length) {
  const apus_text_tables *t = &e->tables;
  if (length <= SHORT_BYTES) {
    apus_text_key key = key_in(s, start, length);
    const apus_text_slot *slot = find_short_first(t, key, key_hash(key) & t->mask);
    if (slot) put_slot(e, slot);
    return slot;
  }
  if (length > KEPT_BYTES) return false;
  const uint8_t *word = s.text + start;
  const apus_text_long_slot *slot =
      apus_text_tables_find_long(t, word, length, long_hash(word, length));
  if (slot) put(e, t->arena + slot->ids, slot->count);
  return slot;
}

static void keep(
    apus_text_word_encoder *e, const uint8_t *word, size_t length, const uint32_t *ids,
    size_t count) {
  apus_text_tables *t = &e->tables;
  if (length == 0 || length > KEPT_BYTES || apus_text_tables_are_full(t)) return;
  if (length <= SHORT_BYTES) {
    apus_text_tables_reserve(t, 1);
    apus_text_tables_add(t, key_of(word, length), ids, count);
  } else {
    apus_text_tables_add_long(t, word, length, long_hash(word, length), ids, count);
  }
}

// Puts the tokens of a word whose scalars are all told; false where it is too long.
static bool put_word(apus_text_word_encoder *e, source s, size_t start, size_t end) {
  if (start == end || put_known(e, s, start, end - start)) return true;
  uint8_t word[WORD_BYTES + WORD_PREFIX];
  uint32_t ids[WORD_BYTES + WORD_PREFIX];
  const apus_text_words *w = e->words;
  size_t prefix = w->kind == APUS_TEXT_UNIGRAM ? w->prefix_count : 0, length = prefix;
  memcpy(word, w->prefix, prefix);
  for (size_t at = start; at < end;) {
    uint32_t scalar, bytes;
    const scalar_entry *entry = entry_at(&e->scalars, s.text + at, end - at, &scalar, &bytes);
    if (length + entry->count > WORD_BYTES + prefix) return false;
    const uint8_t *becomes = e->scalars.arena + entry->text;
    if (entry->count == 1) {
      word[length] = *becomes;
    } else {
      memcpy(word + length, becomes, entry->count);
    }
    length += entry->count;
    at += bytes;
  }
  size_t found = length > prefix ? apus_text_word_tokens(w, word, length, ids) : 0;
  keep(e, s.text + start, end - start, ids, found);
  put(e, ids, found);
  return true;
}

typedef enum outcome { DONE, ASKED, SLOW } outcome;

// Asks for the first scalar of text[at ..< end], the rest of a stretch, that nobody told; false
// where all are told.
static bool ask(
    const apus_text_word_encoder *e, source s, size_t at, size_t end, apus_text_request *request) {
  while (at < end) {
    uint32_t scalar = 0, length;
    if (!entry_at(&e->scalars, s.text + at, end - at, &scalar, &length)) {
      *request =
          (apus_text_request){APUS_TEXT_NEED_SCALAR, scalar, at, at + length, at, end};
      return true;
    }
    at += length;
  }
  return false;
}

// Encodes the stretch text[start ..< end].
static outcome put_stretch(
    apus_text_word_encoder *e, source s, size_t start, size_t end, apus_text_request *request) {
  size_t word = start, at = start, used = e->ids_used;
  while (at < end) {
    uint32_t scalar = 0, length;
    const scalar_entry *entry = entry_at(&e->scalars, s.text + at, end - at, &scalar, &length);
    if (!entry) return ask(e, s, at, end, request), ASKED;
    if (entry->kind == APUS_TEXT_SCALAR_CONTEXT) return SLOW;
    size_t next = at + length;
    if (entry->kind != APUS_TEXT_SCALAR_WORD) {
      if (!put_word(e, s, word, at)) return SLOW;
      bool is_alone = entry->kind == APUS_TEXT_SCALAR_ALONE;
      if (is_alone && !put_word(e, s, at, next)) return SLOW;
      word = next;
    }
    at = next;
  }
  if (!put_word(e, s, word, end)) return SLOW;
  if (word > start && end - start <= KEPT_TOGETHER)
    keep(e, s.text + start, end - start, e->ids + used, e->ids_used - used);
  return DONE;
}

// Encodes a stretch that is not in its first slot, or asks.
static outcome put_other(
    apus_text_word_encoder *e, source s, size_t start, size_t end, apus_text_request *request) {
  if (put_known(e, s, start, end - start)) return DONE;
  size_t used = e->ids_used;
  outcome outcome = put_stretch(e, s, start, end, request);
  if (outcome == DONE) return DONE;
  e->ids_used = used;
  if (outcome == ASKED) return ASKED;
  uint32_t scalar, length;
  const scalar_entry *first =
      entry_at(&e->scalars, s.text + start, end - start, &scalar, &length);
  if (first->kind == APUS_TEXT_SCALAR_CONTEXT && start > 0) start--;
  if (put_known(e, s, start, end - start)) return DONE;
  *request = (apus_text_request){APUS_TEXT_NEED_WORD, 0, start, end, end, end};
  return SLOW;
}

// Keys of the stretches and the places of their slots.
static void prepare(apus_text_word_encoder *e, source s, size_t stretches) {
  for (size_t i = 0; i < stretches; i++) {
    size_t length = e->ends[i] - e->starts[i];
    // Long ones find nothing in the first slot.
    apus_text_key key = {0, KEY_LONG};
    if (length <= SHORT_BYTES) key = key_in(s, e->starts[i], length);
    e->keys[i] = key;
    e->places[i] = key_hash(key) & e->tables.mask;
    __builtin_prefetch(e->tables.slots + e->places[i]);
  }
}

const int32_t *apus_text_word_encode(
    apus_text_word_encoder *e, const uint8_t *text, size_t count, size_t *from,
    size_t *ids_count, apus_text_request *request) {
  source s = {text, count};
  request->need = APUS_TEXT_NEED_NOTHING;
  e->ids_used = 0;
  make_room(e, 0);
  *ids_count = 0;
  // Where a scalar of a stretch was asked for, so are the others before it is begun again.
  bool is_asking = *from < request->checked && request->checked < request->stretch_end;
  if (is_asking && ask(e, s, request->checked, request->stretch_end, request))
    return (const int32_t *)e->ids;
  if (apus_text_tables_are_full(&e->tables)) {
    apus_text_tables_destroy(&e->tables);
    begin_tables(e);
  }
  size_t stretches = e->find(text, count, from, e->starts, e->ends);
  prepare(e, s, stretches);
  for (size_t i = 0; i < stretches; i++) {
    // The table may have grown, and the slot be another: then it has another key.
    const apus_text_slot *slot = e->tables.slots + e->places[i];
    if (slot->key.low == e->keys[i].low && slot->key.high == e->keys[i].high) {
      uint32_t *out = e->ids + e->ids_used;
      memcpy(out, slot->ids, sizeof slot->ids);
      out[0] &= ID_MASK;
      e->ids_used += slot->ids[0] >> COUNT_SHIFT;
      continue;
    }
    outcome outcome = put_other(e, s, e->starts[i], e->ends[i], request);
    if (outcome == DONE) continue;
    *from = outcome == ASKED ? e->starts[i] : e->ends[i];
    break;
  }
  *ids_count = e->ids_used;
  return (const int32_t *)e->ids;
}

void apus_text_word_tell_word(
    apus_text_word_encoder *e, const uint8_t *word, size_t count, const int32_t *ids,
    size_t ids_count) {
  // At the beginning of a text, where there is no white space before it, it may be another.
  if (count == 0) return;
  uint32_t scalar, length;
  const scalar_entry *first = entry_at(&e->scalars, word, count, &scalar, &length);
  if (first && first->kind == APUS_TEXT_SCALAR_CONTEXT) return;
  keep(e, word, count, (const uint32_t *)ids, ids_count);
}
