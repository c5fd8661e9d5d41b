#include "borders.h"

#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "../split/classes.h"

// What a token has on one side of a border: the bytes of a whole character, or where it ends inside
// one, only the byte beside the border.
#define PART ((uint64_t)1 << 32)

static uint64_t hash_of(uint64_t left, uint64_t right) {
  return (left * 0xD1B54A32D192ED03u ^ right) * 0x9E3779B97F4A7C15u;
}

static uint64_t bits_of(uint64_t hash) {
  return (uint64_t)1 << (hash >> 34 & 63) | (uint64_t)1 << (hash >> 28 & 63);
}

static bool has(const apus_text_borders *b, uint64_t left, uint64_t right) {
  uint64_t hash = hash_of(left, right), bits = bits_of(hash);
  return (b->words[hash >> b->shift] & bits) == bits;
}

// Whether a character of three bytes or more begins at i, with one or the rest of one before it.
static bool is_border(const uint8_t *p, size_t i) {
  return i > 0 && p[i] >= 0xE0 && (p[i - 1] & 0xC0) == 0x80;
}

// The character that ends before p[i], as its bytes; PART and its last byte where it does not begin
// at p[0] or behind.
static uint64_t left_of(const uint8_t *p, size_t i) {
  uint64_t value = 0;
  for (size_t back = 1; back <= 4 && back <= i; back++) {
    uint8_t byte = p[i - back];
    value |= (uint64_t)byte << (8 * (back - 1));
    if (byte >= 0xC0) return value;
    if (byte < 0x80) break;
  }
  return PART | p[i - 1];
}

// The character that begins at p[i], as its bytes; PART and its first byte where it does not end.
static uint64_t right_of(const uint8_t *p, size_t i, size_t count) {
  uint64_t value = 0;
  uint32_t length = length_of_lead(p[i]);
  if (i + length > count) return PART | p[i];
  for (uint32_t k = 0; k < length; k++) value = value << 8 | p[i + k];
  return value;
}

void apus_text_borders_init(apus_text_borders *b, const apus_text_vocabulary *v) {
  size_t contexts = 0;
  for (uint32_t id = 0; id < v->token_count; id++)
    for (size_t i = v->starts[id]; i < v->starts[id + 1]; i++) contexts += v->bytes[i] >= 0xE0;
  uint32_t log = 6;
  while (((size_t)64 << log) < contexts * 8) log++;
  b->shift = 64 - log;
  b->words = apus_text_allocate_table(sizeof *b->words << log);
  for (uint32_t id = 0; id < v->token_count; id++) {
    const uint8_t *token = v->bytes + v->starts[id];
    size_t count = v->starts[id + 1] - v->starts[id];
    for (size_t i = 1; i < count; i++) {
      if (!is_border(token, i)) continue;
      uint64_t hash = hash_of(left_of(token, i), right_of(token, i, count));
      b->words[hash >> b->shift] |= bits_of(hash);
    }
  }
}

void apus_text_borders_destroy(apus_text_borders *b) { free(b->words); }

size_t apus_text_next_border(
    const apus_text_borders *b, const uint8_t *piece, size_t count, size_t start) {
  for (size_t i = start + 1; i < count; i++) {
    if (!is_border(piece, i)) continue;
    uint64_t left = left_of(piece, i), right = right_of(piece, i, count);
    // Bytes that are no UTF-8 stay together.
    if ((left | right) & PART) continue;
    uint64_t left_part = PART | piece[i - 1], right_part = PART | piece[i];
    if (!has(b, left, right) && !has(b, left, right_part) && !has(b, left_part, right) &&
        !has(b, left_part, right_part))
      return i;
  }
  return count;
}
