// Text to words to tokens.
//
// Text is cut at white space in ASCII, and each stretch further where its scalars say so. A stretch
// with a scalar that depends on its context is a word of the slow way as a whole, together with the
// white space before it where that scalar comes first: it may join with it.
#include <stdlib.h>

#include "../memory.h"
#include "words.h"

#define SCALAR_LIMIT 0x110000
#define PAGE 128
#define LONGEST_SCALAR 32
// Words of more bytes hardly repeat.
#define KEPT_BYTES 256
// About so many tokens are given at a time.
#define ENOUGH 16384

// What a scalar becomes: its text is arena[text ..< text + count].
typedef struct scalar_entry {
  uint32_t text;
  uint8_t count;
  uint8_t kind;
} scalar_entry;

struct apus_text_word_encoder {
  const apus_text_words *words;
  apus_text_tables tables;
  scalar_entry *pages[SCALAR_LIMIT / PAGE];  // those that were met
  scalar_entry ascii[128];
  uint8_t *arena;
  size_t arena_used, arena_capacity;
  uint32_t *ids;
  size_t ids_used, ids_capacity;
};

apus_text_word_encoder *apus_text_word_encoder_create(const apus_text_words *words) {
  apus_text_word_encoder *e = apus_text_allocate(sizeof *e);
  memset(e, 0, sizeof *e);
  e->words = words;
  apus_text_tables_init(&e->tables, 1 << 15, 1 << 10);
  return e;
}

void apus_text_word_encoder_destroy(apus_text_word_encoder *e) {
  if (!e) return;
  for (size_t i = 0; i < SCALAR_LIMIT / PAGE; i++) free(e->pages[i]);
  apus_text_tables_destroy(&e->tables);
  free(e->arena);
  free(e->ids);
  free(e);
}

void apus_text_word_tell_scalar(
    apus_text_word_encoder *e, uint32_t scalar, int32_t kind, const uint8_t *bytes,
    size_t count) {
  if (scalar >= SCALAR_LIMIT || kind == APUS_TEXT_SCALAR_UNKNOWN) return;
  if (count > LONGEST_SCALAR) kind = APUS_TEXT_SCALAR_CONTEXT;
  if (kind == APUS_TEXT_SCALAR_CONTEXT || kind == APUS_TEXT_SCALAR_SPACE) count = 0;
  scalar_entry entry = {(uint32_t)e->arena_used, (uint8_t)count, (uint8_t)kind};
  e->arena = apus_text_grow(e->arena, &e->arena_capacity, e->arena_used + count, 1);
  memcpy(e->arena + e->arena_used, bytes, count);
  e->arena_used += count;
  if (scalar < 128) {
    e->ascii[scalar] = entry;
    return;
  }
  scalar_entry **page = e->pages + scalar / PAGE;
  if (!*page) {
    *page = apus_text_allocate(PAGE * sizeof **page);
    memset(*page, 0, PAGE * sizeof **page);
  }
  (*page)[scalar % PAGE] = entry;
}

static bool is_white(uint8_t byte) {
  return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

// The scalar at p of `left` bytes, and what it becomes; NULL where nobody told yet. Bytes that are
// no UTF-8 depend on their context.
static const scalar_entry *entry_at(
    const apus_text_word_encoder *e, const uint8_t *p, size_t left, uint32_t *scalar,
    uint32_t *length) {
  static const scalar_entry context = {0, 0, APUS_TEXT_SCALAR_CONTEXT};
  if (p[0] < 0x80) {
    *scalar = p[0];
    *length = 1;
    const scalar_entry *entry = e->ascii + p[0];
    return entry->kind ? entry : NULL;
  }
  *length = length_of_lead(p[0]);
  if (*length > left || *length == 1) return *length = 1, &context;
  *scalar = scalar_at(p, *length);
  if (*scalar >= SCALAR_LIMIT || (*scalar >= 0xD800 && *scalar < 0xE000)) return &context;
  const scalar_entry *page = e->pages[*scalar / PAGE];
  const scalar_entry *entry = page ? page + *scalar % PAGE : NULL;
  return entry && entry->kind ? entry : NULL;
}

static void put(apus_text_word_encoder *e, const uint32_t *ids, size_t count) {
  e->ids = apus_text_grow(e->ids, &e->ids_capacity, e->ids_used + count, sizeof *ids);
  memcpy(e->ids + e->ids_used, ids, count * sizeof *ids);
  e->ids_used += count;
}

static apus_text_key key_in(const uint8_t *text, size_t count, size_t start, size_t length) {
  return count - start >= 16 ? key_at(text + start, length) : key_of(text + start, length);
}

// Puts the tokens of a known word; false where it is none.
static bool put_known(
    apus_text_word_encoder *e, const uint8_t *text, size_t count, size_t start, size_t length) {
  const apus_text_tables *t = &e->tables;
  if (length <= SHORT_BYTES) {
    apus_text_key key = key_in(text, count, start, length);
    const apus_text_slot *slot = find_short(t, key, key_hash(key) & t->mask);
    if (!slot) return false;
    if (slot->key.high & KEY_SPILLED) {
      put(e, t->arena + slot->ids[1], slot->ids[2]);
    } else {
      size_t at = e->ids_used, found = slot->ids[0] >> COUNT_SHIFT;
      put(e, slot->ids, INLINE_IDS);
      e->ids[at] &= ID_MASK;
      e->ids_used = at + found;
    }
    return true;
  }
  if (length > KEPT_BYTES) return false;
  const apus_text_long_slot *slot =
      apus_text_tables_find_long(t, text + start, length, long_hash(text + start, length));
  if (slot) put(e, t->arena + slot->ids, slot->count);
  return slot;
}

static void keep(
    apus_text_word_encoder *e, const uint8_t *word, size_t length, const uint32_t *ids,
    size_t count) {
  if (length == 0) return;
  if (apus_text_tables_are_full(&e->tables)) {
    apus_text_tables_destroy(&e->tables);
    apus_text_tables_init(&e->tables, 1 << 15, 1 << 10);
  }
  if (length <= SHORT_BYTES) {
    apus_text_tables_reserve(&e->tables, 1);
    apus_text_tables_add(&e->tables, key_of(word, length), ids, count);
  } else {
    apus_text_tables_add_long(
        &e->tables, word, length, long_hash(word, length), ids, count);
  }
}

// Puts the tokens of a word whose scalars are all told; false where it is too long.
static bool put_word(
    apus_text_word_encoder *e, const uint8_t *text, size_t count, size_t start, size_t end) {
  if (start == end || put_known(e, text, count, start, end - start)) return true;
  uint8_t word[WORD_BYTES + WORD_PREFIX];
  uint32_t ids[WORD_BYTES + WORD_PREFIX];
  const apus_text_words *w = e->words;
  size_t prefix = w->kind == APUS_TEXT_UNIGRAM ? w->prefix_count : 0, length = prefix;
  memcpy(word, w->prefix, prefix);
  for (size_t at = start; at < end;) {
    uint32_t scalar, bytes;
    const scalar_entry *entry = entry_at(e, text + at, end - at, &scalar, &bytes);
    if (length + entry->count > WORD_BYTES + prefix) return false;
    memcpy(word + length, e->arena + entry->text, entry->count);
    length += entry->count;
    at += bytes;
  }
  size_t found = length > prefix ? apus_text_word_tokens(w, word, length, ids) : 0;
  if (end - start <= KEPT_BYTES) keep(e, text + start, end - start, ids, found);
  put(e, ids, found);
  return true;
}

typedef enum outcome { DONE, ASKED, SLOW } outcome;

// Encodes the stretch text[start ..< end], which has no white space in ASCII, of a text of `count`.
static outcome put_stretch(
    apus_text_word_encoder *e, const uint8_t *text, size_t count, size_t start, size_t end,
    apus_text_request *request) {
  size_t word = start, at = start;
  while (at < end) {
    uint32_t scalar = 0, length;
    const scalar_entry *entry = entry_at(e, text + at, end - at, &scalar, &length);
    if (!entry) {
      *request = (apus_text_request){APUS_TEXT_NEED_SCALAR, scalar, at, at + length};
      return ASKED;
    }
    if (entry->kind == APUS_TEXT_SCALAR_CONTEXT) return SLOW;
    size_t next = at + length;
    if (entry->kind != APUS_TEXT_SCALAR_WORD) {
      if (!put_word(e, text, count, word, at)) return SLOW;
      bool is_alone = entry->kind == APUS_TEXT_SCALAR_ALONE;
      if (is_alone && !put_word(e, text, count, at, next)) return SLOW;
      word = next;
    }
    at = next;
  }
  return put_word(e, text, count, word, end) ? DONE : SLOW;
}

const int32_t *apus_text_word_encode(
    apus_text_word_encoder *e, const uint8_t *text, size_t count, size_t *from,
    size_t *ids_count, apus_text_request *request) {
  request->need = APUS_TEXT_NEED_NOTHING;
  e->ids_used = 0;
  size_t at = *from;
  while (at < count && e->ids_used < ENOUGH) {
    if (is_white(text[at])) {
      at++;
      continue;
    }
    size_t start = at, used = e->ids_used;
    while (at < count && !is_white(text[at])) at++;
    // The whole stretch may be a word, or one of the slow way.
    if (put_known(e, text, count, start, at - start)) continue;
    outcome outcome = put_stretch(e, text, count, start, at, request);
    if (outcome == DONE) continue;
    e->ids_used = used;
    if (outcome == SLOW) {
      uint32_t scalar, length;
      const scalar_entry *first = entry_at(e, text + start, at - start, &scalar, &length);
      if (first->kind == APUS_TEXT_SCALAR_CONTEXT && start > 0) start--;
      if (put_known(e, text, count, start, at - start)) continue;
      *request = (apus_text_request){APUS_TEXT_NEED_WORD, 0, start, at};
    } else {
      at = start;
    }
    break;
  }
  *from = at;
  *ids_count = e->ids_used;
  return (const int32_t *)e->ids;
}

void apus_text_word_tell_word(
    apus_text_word_encoder *e, const uint8_t *word, size_t count, const int32_t *ids,
    size_t ids_count) {
  if (count <= KEPT_BYTES) keep(e, word, count, (const uint32_t *)ids, ids_count);
}
