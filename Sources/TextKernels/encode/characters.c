#include "characters.h"

#include <stdlib.h>
#include <string.h>

#include "../memory.h"

typedef struct character {
  uint32_t scalar;
  uint32_t length;
} character;

// The character at p, of which at most `left` bytes may be read. Bytes that are no UTF-8 are
// characters that no token has.
static character character_at(const apus_text_characters *c, const uint8_t *p, size_t left) {
  if (p[0] < 0x80)
    return (character){p[0] == ' ' && c->spaces_are_markers ? SPACE_MARKER : p[0], 1};
  uint32_t length = length_of_lead(p[0]);
  if (length > left || length == 1) return (character){0x110000u + p[0], 1};
  return (character){scalar_at(p, length), length};
}

static uint64_t hash_of(uint32_t first, uint32_t second) {
  return ((uint64_t)first << 32 | second) * 0x9E3779B97F4A7C15u;
}

static uint64_t bits_of(uint64_t hash) {
  return (uint64_t)1 << (hash >> 34 & 63) | (uint64_t)1 << (hash >> 28 & 63);
}

static bool is_ascii(uint32_t scalar) { return scalar < 128; }

// The marker has a place among the ASCII pairs too: that of the space, which it stands for.
static uint32_t ascii_place(uint32_t scalar) { return scalar == SPACE_MARKER ? ' ' : scalar; }

static bool are_joined(const apus_text_characters *c, uint32_t first, uint32_t second) {
  uint32_t a = ascii_place(first), b = ascii_place(second);
  if (is_ascii(a) && is_ascii(b)) return c->ascii_pairs[a << 7 | b];
  uint64_t hash = hash_of(first, second), bits = bits_of(hash);
  return (c->pairs[hash >> c->pairs_shift] & bits) == bits;
}

static void join(apus_text_characters *c, uint32_t first, uint32_t second) {
  uint32_t a = ascii_place(first), b = ascii_place(second);
  if (is_ascii(a) && is_ascii(b)) c->ascii_pairs[a << 7 | b] = 1;
  uint64_t hash = hash_of(first, second);
  c->pairs[hash >> c->pairs_shift] |= bits_of(hash);
}

static uint64_t *symbol_slot(const apus_text_characters *c, uint32_t scalar) {
  uint64_t at = (scalar * 0x9E3779B97F4A7C15u) >> 32 & c->symbols_mask;
  while (c->symbols[at] != UINT64_MAX && c->symbols[at] >> 32 != scalar)
    at = (at + 1) & c->symbols_mask;
  return c->symbols + at;
}

static void add_token(apus_text_characters *c, const uint8_t *bytes, size_t count, uint32_t id) {
  character last = character_at(c, bytes, count);
  if (last.length == count) {
    *symbol_slot(c, last.scalar) = (uint64_t)last.scalar << 32 | id;
    if (last.scalar < 128) c->ascii[last.scalar] = (int32_t)id;
  }
  for (size_t at = last.length; at < count;) {
    character next = character_at(c, bytes + at, count - at);
    join(c, last.scalar, next.scalar);
    last = next;
    at += next.length;
  }
}

void apus_text_characters_init(apus_text_characters *c, const apus_text_vocabulary *v) {
  c->spaces_are_markers = v->spaces_are_markers;
  c->ascii_pairs = apus_text_allocate_table(128 * 128);
  uint32_t log = 6;
  while (((uint64_t)64 << log) < (uint64_t)v->starts[v->token_count] * 8) log++;
  c->pairs_shift = 64 - log;
  c->pairs = apus_text_allocate_table(sizeof *c->pairs << log);
  uint64_t size = 64;
  while (size < (uint64_t)v->token_count * 2) size *= 2;
  c->symbols_mask = size - 1;
  c->symbols = apus_text_allocate(size * sizeof *c->symbols);
  memset(c->symbols, 0xFF, size * sizeof *c->symbols);
  memset(c->ascii, 0xFF, sizeof c->ascii);
  for (uint32_t id = 0; id < v->token_count; id++) {
    size_t count = v->starts[id + 1] - v->starts[id];
    if (count > 0) add_token(c, v->bytes + v->starts[id], count, id);
  }
  if (c->spaces_are_markers) {
    uint64_t marker = *symbol_slot(c, SPACE_MARKER);
    c->ascii[' '] = marker == UINT64_MAX ? -1 : (int32_t)(uint32_t)marker;
  }
}

void apus_text_characters_destroy(apus_text_characters *c) {
  free(c->ascii_pairs);
  free(c->pairs);
  free(c->symbols);
}

size_t apus_text_characters_split(
    const apus_text_characters *c, const uint8_t *text, size_t count, size_t *from, size_t *ends,
    size_t capacity) {
  size_t at = *from, found = 0;
  if (at >= count) return 0;
  character last = character_at(c, text + at, count - at);
  for (at += last.length; found < capacity && at < count;) {
    // Two ASCII characters, which is most of most texts.
    if ((text[at] | text[at - 1]) < 0x80) {
      if (!c->ascii_pairs[(uint32_t)text[at - 1] << 7 | text[at]]) ends[found++] = at;
      last.scalar = text[at] == ' ' && c->spaces_are_markers ? SPACE_MARKER : text[at];
      at++;
      continue;
    }
    character next = character_at(c, text + at, count - at);
    if (!are_joined(c, last.scalar, next.scalar)) ends[found++] = at;
    last = next;
    at += next.length;
  }
  if (found < capacity) ends[found++] = count;
  *from = ends[found - 1];
  return found;
}

size_t apus_text_characters_symbols(
    const apus_text_characters *c, const int32_t *bytes, const uint8_t *text, size_t count,
    uint32_t *ids) {
  size_t found = 0;
  for (size_t at = 0; at < count;) {
    character next = character_at(c, text + at, count - at);
    int32_t known = -1;
    if (next.scalar < 128) {
      known = c->ascii[next.scalar];
    } else {
      uint64_t slot = *symbol_slot(c, next.scalar);
      if (slot != UINT64_MAX) known = (int32_t)(uint32_t)slot;
    }
    if (known >= 0) {
      ids[found++] = (uint32_t)known;
    } else {
      for (size_t i = 0; i < next.length; i++) ids[found++] = (uint32_t)bytes[text[at + i]];
    }
    at += next.length;
  }
  return found;
}
