#include <string.h>

#include "../include/text_kernels.h"
#include "../utf8.h"

// Most tokens are shorter than this: one load and one store.
#define STRIDE 16

// The tokens that are looked at.
typedef struct tokens {
  const apus_text_spellings *spellings;
  uint8_t stops;
  const int32_t *ids;
  size_t count;
} tokens;

static bool is_byte(const tokens *t, size_t at) {
  if (at >= t->count || (uint32_t)t->ids[at] >= t->spellings->token_count) return false;
  uint8_t flags = t->spellings->flags[t->ids[at]];
  return (flags & t->spellings->byte_flag) && !(flags & t->stops);
}

static bool is_left_out(const tokens *t, size_t at) {
  uint32_t id = (uint32_t)t->ids[at];
  return id >= t->spellings->token_count || (t->spellings->flags[id] & t->stops);
}

// How many tokens of single bytes make the character at `at`; 0 where they make none.
static size_t character_at(const tokens *t, size_t at) {
  uint8_t bytes[4];
  size_t found = 0;
  for (; found < 4 && is_byte(t, at + found); found++)
    bytes[found] = t->spellings->bytes[t->spellings->starts[t->ids[at + found]]];
  return bytes[0] < 0x80 ? 1 : valid_length(bytes, found);
}

// How many tokens of single bytes from `at` on are text together; 0 where that hangs on what
// follows, or they are none.
static size_t byte_count_at(const tokens *t, size_t at) {
  size_t end = at;
  do {
    size_t length = character_at(t, end);
    if (length == 0) return 0;
    end += length;
  } while (t->spellings->whole_runs && is_byte(t, end));
  // What is left out of the text does not end a run.
  if (t->spellings->whole_runs && end < t->count && is_left_out(t, end)) return 0;
  return end - at;
}

// How many tokens from `at` on are decoded together; 0 where it ends.
static inline size_t unit_at(const tokens *t, size_t at) {
  uint32_t id = (uint32_t)t->ids[at];
  if (id >= t->spellings->token_count) return 0;
  uint8_t flags = t->spellings->flags[id];
  if (__builtin_expect(!(flags & (t->stops | t->spellings->byte_flag)), 1)) return 1;
  return flags & t->stops ? 0 : byte_count_at(t, at);
}

size_t apus_text_decoded_count(
    const apus_text_spellings *s, uint8_t stops, const int32_t *ids, size_t count,
    size_t *from) {
  tokens t = {s, stops, ids, count};
  size_t at = *from, bytes = 0;
  while (at < count) {
    size_t unit = unit_at(&t, at);
    if (unit == 0) break;
    // One token, or so many of a byte each.
    bytes += unit == 1 ? s->starts[ids[at] + 1] - s->starts[ids[at]] : unit;
    at += unit;
  }
  *from = at;
  return bytes;
}

size_t apus_text_decode(
    const apus_text_spellings *s, uint8_t stops, const int32_t *ids, size_t count, size_t *from,
    uint8_t *out, size_t capacity) {
  tokens t = {s, stops, ids, count};
  size_t at = *from, written = 0;
  while (at < count) {
    size_t unit = unit_at(&t, at);
    if (unit == 0) break;
    size_t start = s->starts[ids[at]], length = s->starts[ids[at] + 1] - start;
    if (capacity - written < (unit == 1 ? length : unit) + STRIDE) break;
    if (unit > 1) {
      for (size_t i = 0; i < unit; i++) out[written++] = s->bytes[s->starts[ids[at + i]]];
      at += unit;
      continue;
    }
    if (length <= STRIDE && s->byte_count - start >= STRIDE) {
      memcpy(out + written, s->bytes + start, STRIDE);
    } else {
      memcpy(out + written, s->bytes + start, length);
    }
    written += length;
    at++;
  }
  *from = at;
  return written;
}
