#include <string.h>

#include "../include/text_kernels.h"
#include "../utf8.h"

// What fits in a piece; the last byte is the mark.
#define SHORT 15
#define STRIDE 16
// In a mark: bits 0 to 3 the length, then whether the bytes are elsewhere, then the flags.
#define LONG 0x10
#define FLAG_SHIFT 5

_Static_assert(sizeof(apus_text_piece) == STRIDE, "a piece is one load");

// The tokens that are looked at.
typedef struct tokens {
  const apus_text_spellings *spellings;
  uint8_t stops, byte_mark;
  const int32_t *ids;
  size_t count;
} tokens;

static const apus_text_piece *piece_at(const tokens *t, size_t at) {
  return t->spellings->pieces + t->ids[at];
}

static bool is_token(const tokens *t, size_t at) {
  return (uint32_t)t->ids[at] < t->spellings->token_count;
}

static bool is_byte(const tokens *t, size_t at) {
  if (at >= t->count || !is_token(t, at)) return false;
  uint8_t mark = piece_at(t, at)->mark;
  return (mark & t->byte_mark) && !(mark & t->stops);
}

static bool is_left_out(const tokens *t, size_t at) {
  return !is_token(t, at) || (piece_at(t, at)->mark & t->stops);
}

// How many tokens of single bytes make the character at `at`; 0 where they make none.
static size_t character_at(const tokens *t, size_t at) {
  uint8_t bytes[4] = {piece_at(t, at)->bytes[0]};
  if (bytes[0] < 0x80) return 1;
  size_t found = 1;
  for (; found < 4 && is_byte(t, at + found); found++)
    bytes[found] = piece_at(t, at + found)->bytes[0];
  return valid_length(bytes, found);
}

// How many tokens of single bytes from `at` on are text together; 0 where that hangs on what
// follows.
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

// Where the short pieces from `at` on end, of which as many as there are up to `end` fit.
static size_t append_short(
    const tokens *t, size_t at, size_t end, uint8_t *out, size_t *written) {
  const apus_text_piece *pieces = t->spellings->pieces;
  size_t token_count = t->spellings->token_count, size = *written;
  for (; at < end; at++) {
    uint32_t id = (uint32_t)t->ids[at];
    if (__builtin_expect(id >= token_count, 0)) break;
    const apus_text_piece *piece = pieces + id;
    if (__builtin_expect(piece->mark > SHORT, 0)) break;
    memcpy(out + size, piece, STRIDE);
    size += piece->mark;
  }
  *written = size;
  return at;
}

// Appends the token at `at`, or a run of bytes that begins there; returns how many tokens that is,
// 0 where the text stops or `room` is too small.
static size_t append_any(const tokens *t, size_t at, uint8_t *out, size_t room) {
  if (is_left_out(t, at)) return 0;
  const apus_text_spellings *s = t->spellings;
  const apus_text_piece *piece = piece_at(t, at);
  if (piece->mark & t->byte_mark) {
    size_t count = byte_count_at(t, at);
    if (count > room) return 0;
    for (size_t i = 0; i < count; i++) out[i] = piece_at(t, at + i)->bytes[0];
    return count;
  }
  size_t start = s->starts[t->ids[at]], length = s->starts[t->ids[at] + 1] - start;
  if (length > room) return 0;
  memcpy(out, s->bytes + start, length);
  return 1;
}

static size_t byte_length(const tokens *t, size_t at, size_t unit) {
  if (unit > 1 || (piece_at(t, at)->mark & t->byte_mark)) return unit;
  const uint32_t *starts = t->spellings->starts + t->ids[at];
  return starts[1] - starts[0];
}

size_t apus_text_decode(
    const apus_text_spellings *s, uint8_t stops, const int32_t *ids, size_t count, size_t *from,
    uint8_t *out, size_t capacity) {
  tokens t = {
      s, (uint8_t)(stops << FLAG_SHIFT), (uint8_t)(s->byte_flag << FLAG_SHIFT), ids, count};
  size_t at = *from, written = 0;
  while (at < count) {
    // So many short pieces fit whatever they are, the last one's whole stride too.
    size_t sure = capacity - written < STRIDE ? 0 : (capacity - written - 1) / SHORT;
    size_t end = count - at < sure ? count : at + sure;
    at = append_short(&t, at, end, out, &written);
    if (at == count) break;
    if (at == end && sure > 0) continue;
    size_t unit = append_any(&t, at, out + written, capacity - written);
    if (unit == 0) break;
    written += byte_length(&t, at, unit);
    at += unit;
  }
  *from = at;
  return written;
}

void apus_text_pieces_fill(
    apus_text_piece *pieces, const uint8_t *bytes, const uint32_t *starts, const uint8_t *flags,
    size_t token_count) {
  for (size_t i = 0; i < token_count; i++) {
    size_t length = starts[i + 1] - starts[i];
    apus_text_piece piece = {{0}, (uint8_t)(flags[i] << FLAG_SHIFT)};
    if (length > SHORT) {
      piece.mark |= LONG;
    } else {
      memcpy(piece.bytes, bytes + starts[i], length);
      piece.mark |= (uint8_t)length;
    }
    pieces[i] = piece;
  }
}
