// Reads the vocabulary and the merges of a tokenizer.json: nine tenths of the file, and the same
// few shapes a hundred thousand times.
#include <stdlib.h>
#include <string.h>

#include "../include/text_kernels.h"
#include "../memory.h"
#include "index.h"
#include "json.h"

// Tokens in the order of the document.
typedef struct entries {
  uint8_t *bytes;
  size_t bytes_used;
  uint32_t *ends, *ids;
  size_t ends_capacity, ids_capacity, count;
  uint32_t id_limit;  // one above the greatest
} entries;

static void read_vocabulary(json *j, entries *e) {
  e->bytes = apus_text_allocate(j->count - j->at + 1);
  if (!json_take(j, '{')) j->failed = true;
  if (json_take(j, '}')) return;
  while (!j->failed) {
    e->bytes_used += json_string(j, e->bytes + e->bytes_used);
    if (!json_take(j, ':')) j->failed = true;
    uint32_t id = json_number(j, APUS_TEXT_ID_LIMIT);
    e->ends = apus_text_grow(e->ends, &e->ends_capacity, e->count + 1, sizeof *e->ends);
    e->ids = apus_text_grow(e->ids, &e->ids_capacity, e->count + 1, sizeof *e->ids);
    e->ends[e->count] = (uint32_t)e->bytes_used;
    e->ids[e->count++] = id;
    if (id >= e->id_limit) e->id_limit = id + 1;
    if (json_take(j, '}')) return;
    if (!json_take(j, ',')) j->failed = true;
  }
}

// Puts the tokens into the order of their ids. False where an id is taken twice or a token is
// empty.
static bool place(apus_text_document *d, const entries *e) {
  d->token_count = e->id_limit;
  d->bytes = apus_text_allocate(e->bytes_used + 1);
  d->starts = apus_text_allocate((e->id_limit + (size_t)1) * sizeof *d->starts);
  memset(d->starts, 0, (e->id_limit + (size_t)1) * sizeof *d->starts);
  // First the lengths, then where each begins.
  for (size_t i = 0; i < e->count; i++) {
    uint32_t length = e->ends[i] - (i ? e->ends[i - 1] : 0);
    if (length == 0 || d->starts[e->ids[i] + 1] != 0) return false;
    d->starts[e->ids[i] + 1] = length;
  }
  for (size_t id = 0; id < e->id_limit; id++) d->starts[id + 1] += d->starts[id];
  for (size_t i = 0; i < e->count; i++) {
    uint32_t from = i ? e->ends[i - 1] : 0;
    memcpy(d->bytes + d->starts[e->ids[i]], e->bytes + from, e->ends[i] - from);
  }
  return true;
}

// A merge whose tokens have not been looked up.
typedef struct waiting_merge {
  size_t left, left_count, right, right_count;  // in the text
  uint64_t left_hash, right_hash;
} waiting_merge;

// `count` where there is none.
static size_t find_space(const uint8_t *text, size_t from, size_t count) {
  for (size_t i = from; i < count; i++)
    if (text[i] == ' ') return i;
  return count;
}

// `"left right"`, or `["left", "right"]`; returns how much of the text is taken.
static size_t read_pair(json *j, uint8_t *text, waiting_merge *m) {
  if (json_take(j, '[')) {
    m->left_count = m->right = json_string(j, text);
    if (!json_take(j, ',')) j->failed = true;
    m->right_count = j->failed ? 0 : json_string(j, text + m->right);
    if (!json_take(j, ']')) j->failed = true;
    return m->right + m->right_count;
  }
  size_t count = json_string(j, text);
  // The space is not the first character.
  m->left_count = find_space(text, 1, count);
  if (count == 0 || m->left_count == count) return j->failed = true, 0;
  m->right = m->left_count + 1;
  m->right_count = count - m->right;
  return count;
}

// The token that is spelled as the two together. Merges mostly give one token after the other.
static int32_t find_merged(
    const apus_text_index *x, uint8_t *text, const waiting_merge *m, int32_t expected) {
  size_t count = m->left_count + m->right_count;
  if (expected > 0 && (size_t)expected < x->token_count) {
    const uint8_t *spelling = x->bytes + x->starts[expected];
    if (x->starts[expected + 1] - x->starts[expected] == count &&
        index_equal(spelling, text + m->left, m->left_count) &&
        index_equal(spelling + m->left_count, text + m->right, m->right_count))
      return expected;
  }
  memmove(text + m->left + m->left_count, text + m->right, m->right_count);
  return apus_text_index_find(x, text + m->left, count);
}

// So many are looked up together: their slots, and then the spellings that those name, are sent for
// before they are needed.
#define WAITING 64

static void send_for(const apus_text_index *x, uint64_t hash, int step) {
  uint64_t slot = step ? *index_slot(x, hash) : 0;
  if (step == 0) {
    __builtin_prefetch(index_slot(x, hash));
  } else if (slot != UINT64_MAX) {
    const uint32_t *start = x->starts + (slot & UINT32_MAX);
    __builtin_prefetch(step == 1 ? (const void *)start : x->bytes + *start);
  }
}

// Looks the merges up and adds them; false where one is of no tokens.
static bool add_waiting(
    apus_text_document *d, const apus_text_index *x, uint8_t *text, const waiting_merge *merges,
    size_t count) {
  for (int step = 0; step < 3; step++) {
    for (size_t i = 0; i < count; i++) {
      send_for(x, merges[i].left_hash, step);
      send_for(x, merges[i].right_hash, step);
    }
  }
  for (size_t i = 0; i < count; i++) {
    const waiting_merge *m = merges + i;
    int32_t last = d->merge_count ? d->merges[d->merge_count - 1].merged : -1;
    apus_text_merge merge = {.rank = (int32_t)d->merge_count};
    merge.left = apus_text_index_find_hashed(x, text + m->left, m->left_count, m->left_hash);
    merge.right = apus_text_index_find_hashed(x, text + m->right, m->right_count, m->right_hash);
    // The last, since it may move the text.
    merge.merged = find_merged(x, text, m, last + 1);
    if (merge.left < 0 || merge.right < 0 || merge.merged < 0) return false;
    d->merges[d->merge_count++] = merge;
  }
  return true;
}

static void read_merges(json *j, apus_text_document *d, const apus_text_index *index) {
  size_t capacity = 0, found = 0, used = 0;
  waiting_merge merges[WAITING];
  uint8_t *text = apus_text_allocate(j->count - j->at + 1);
  if (!json_take(j, '[')) j->failed = true;
  bool is_done = json_take(j, ']');
  while (!j->failed && !is_done) {
    waiting_merge *m = merges + found++;
    *m = (waiting_merge){0};
    size_t taken = read_pair(j, text + used, m);
    if (m->left_count == 0 || m->right_count == 0) j->failed = true;
    if (j->failed) break;
    m->left = used;
    m->right += used;
    m->left_hash = index_hash(text + m->left, m->left_count);
    m->right_hash = index_hash(text + m->right, m->right_count);
    used += taken;
    is_done = json_take(j, ']');
    if (!is_done && !json_take(j, ',')) j->failed = true;
    if (!is_done && found < WAITING) continue;
    d->merges = apus_text_grow(d->merges, &capacity, d->merge_count + found, sizeof *d->merges);
    if (!add_waiting(d, index, text, merges, found)) j->failed = true;
    found = used = 0;
  }
  free(text);
}

// What is read on the way over the model.
typedef struct reading {
  apus_text_document *document;
  apus_text_index index;
  size_t lists, models;  // read so far
} reading;

static void read_member(json *j, reading *r, bool is_vocabulary) {
  apus_text_document *d = r->document;
  json_skip_space(j);
  size_t start = j->at;
  // The vocabulary comes first, and each comes once.
  if (r->lists != (is_vocabulary ? 0 : 1)) j->failed = true;
  r->lists++;
  if (j->failed) return;
  if (!is_vocabulary) {
    read_merges(j, d, &r->index);
    d->merges_start = start;
    d->merges_end = j->at;
    return;
  }
  entries e = {0};
  read_vocabulary(j, &e);
  if (j->failed || !place(d, &e)) {
    j->failed = true;
  } else {
    size_t size = 16, distinct = 0;
    while (size < (size_t)d->token_count * 2) size *= 2;
    r->index = (apus_text_index){
        d->bytes, d->starts, d->token_count, apus_text_allocate(size * sizeof(uint64_t)), size};
    apus_text_index_fill(&r->index);
    for (size_t i = 0; i < size; i++) distinct += r->index.slots[i] != UINT64_MAX;
    if (distinct != e.count) j->failed = true;
  }
  free(e.bytes);
  free(e.ends);
  free(e.ids);
  d->vocabulary_start = start;
  d->vocabulary_end = j->at;
}

// Goes over the members of an object: of the document, and inside it of the model.
static void read_object(json *j, reading *r, bool is_model) {
  if (!json_take(j, '{')) j->failed = true;
  bool is_done = json_take(j, '}');
  while (!is_done && !j->failed) {
    size_t name = json_name(j);
    if (!json_take(j, ':')) j->failed = true;
    if (is_model && json_is(j, name, "vocab")) {
      read_member(j, r, true);
    } else if (is_model && json_is(j, name, "merges")) {
      read_member(j, r, false);
    } else if (!is_model && json_is(j, name, "model")) {
      if (r->models++ > 0) j->failed = true;
      read_object(j, r, true);
    } else {
      json_skip(j);
    }
    is_done = json_take(j, '}');
    if (!is_done && !json_take(j, ',')) j->failed = true;
  }
}

bool apus_text_document_read(apus_text_document *d, const uint8_t *text, size_t count) {
  memset(d, 0, sizeof *d);
  if (count >= APUS_TEXT_BYTES_LIMIT) return false;
  if (!apus_text_validity(apus_text_isa_best(), text, count)) return false;
  json j = {text, count, 0, false};
  reading r = {.document = d};
  read_object(&j, &r, false);
  d->slots = r.index.slots;
  d->slot_count = r.index.slot_count;
  if (!j.failed && r.lists == 2) return true;
  apus_text_document_destroy(d);
  return false;
}

void apus_text_document_destroy(apus_text_document *d) {
  free(d->bytes);
  free(d->starts);
  free(d->merges);
  free(d->slots);
  memset(d, 0, sizeof *d);
}
