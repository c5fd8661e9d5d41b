// The models of words.
#include "words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../memory.h"

apus_text_words *apus_text_words_create(const apus_text_word_vocabulary *v) {
  bool fits = v->token_count <= APUS_TEXT_ID_LIMIT &&
              v->starts[v->token_count] < APUS_TEXT_BYTES_LIMIT &&
              v->unknown < APUS_TEXT_ID_LIMIT && v->prefix_count <= WORD_PREFIX;
  if (!fits) return NULL;
  apus_text_words *w = apus_text_allocate(sizeof *w);
  memset(w, 0, sizeof *w);
  w->kind = v->kind;
  w->unknown_score = v->unknown_score;
  w->unknown = v->unknown;
  w->longest_word = v->longest_word;
  if (v->prefix_count > 0) memcpy(w->prefix, v->prefix, v->prefix_count);
  w->prefix_count = v->prefix_count;
  apus_text_trie_init(&w->trie, v->bytes, v->starts, v->token_count, v->scores);
  for (size_t i = 0; i < w->prefix_count && w->continuation != TRIE_NONE; i++)
    w->continuation = trie_child(&w->trie, w->continuation, w->prefix[i]);
  return w;
}

void apus_text_words_destroy(apus_text_words *w) {
  if (!w) return;
  apus_text_trie_destroy(&w->trie);
  free(w);
}

static size_t unknown(const apus_text_words *w, uint32_t *ids) {
  if (w->unknown < 0) return 0;
  ids[0] = (uint32_t)w->unknown;
  return 1;
}

static size_t scalar_count(const uint8_t *word, size_t count) {
  size_t scalars = 0;
  for (size_t i = 0; i < count; i++) scalars += (word[i] & 0xC0) != 0x80;
  return scalars;
}

// The longest token that begins at each place, those inside the word from the prefix on.
static size_t word_piece(
    const apus_text_words *w, const uint8_t *word, size_t count, uint32_t *ids) {
  if (count > w->longest_word && scalar_count(word, count) > w->longest_word)
    return unknown(w, ids);
  size_t found = 0;
  for (size_t start = 0; start < count;) {
    uint32_t node = start == 0 ? 0 : w->continuation;
    int32_t token = -1;
    size_t end = start;
    for (size_t at = start; at < count && node != TRIE_NONE;) {
      node = trie_child(&w->trie, node, word[at++]);
      if (node == TRIE_NONE || w->trie.tokens[node] < 0) continue;
      token = w->trie.tokens[node];
      end = at;
    }
    if (token < 0) return unknown(w, ids);
    ids[found++] = (uint32_t)token;
    start = end;
  }
  return found;
}

// The best way to write the beginning of the word up to each place.
typedef struct place {
  double score;
  uint32_t node;   // of the last token; TRIE_NONE for an unknown scalar
  uint32_t start;  // where that begins
} place;

// Sums are made in the order of the reference: near ties hang on their rounding.
static size_t unigram(
    const apus_text_words *w, const uint8_t *word, size_t count, uint32_t *ids) {
  place best[WORD_BYTES + WORD_PREFIX + 1];
  for (size_t i = 1; i <= count; i++) best[i].score = -INFINITY;
  best[0].score = 0;
  const trie_unit *units = w->trie.units;
  for (size_t start = 0; start < count;) {
    size_t length = length_of_lead(word[start]);
    if (length > count - start) length = count - start;
    double sum = best[start].score, single = -INFINITY;
    uint32_t node = 0;
    for (size_t at = start; at < count;) {
      uint32_t child = units[node].base ^ word[at];
      if (units[child].parent != node) break;
      node = child;
      at++;
      if (at - start == length) single = units[node].score;
      // Where no token ends this is minus infinity.
      double score = units[node].score + sum;
      if (score > best[at].score) best[at] = (place){score, node, (uint32_t)start};
    }
    double unknown_score = w->unknown_score + sum;
    if (single == -INFINITY && unknown_score > best[start + length].score)
      best[start + length] = (place){unknown_score, TRIE_NONE, (uint32_t)start};
    start += length;
  }
  // From the end to the beginning, then turned round. A run of unknown scalars is one.
  size_t found = 0;
  bool was_unknown = false;
  for (size_t end = count; end > 0; end = best[end].start) {
    int32_t token = best[end].node == TRIE_NONE ? -1 : w->trie.tokens[best[end].node];
    bool is_unknown = token < 0 || token == w->unknown;
    if (is_unknown) token = w->unknown;
    if (token >= 0 && !(is_unknown && was_unknown)) ids[found++] = (uint32_t)token;
    was_unknown = is_unknown;
  }
  for (size_t i = 0; i < found / 2; i++) {
    uint32_t id = ids[i];
    ids[i] = ids[found - 1 - i];
    ids[found - 1 - i] = id;
  }
  return found;
}

size_t apus_text_word_tokens(
    const apus_text_words *w, const uint8_t *word, size_t count, uint32_t *ids) {
  return w->kind == APUS_TEXT_UNIGRAM ? unigram(w, word, count, ids)
                                      : word_piece(w, word, count, ids);
}
