// The alphabet in which byte-level tokenizers spell bytes.
#include <string.h>

#include "../include/text_kernels.h"

// Scalars from here on stand for nothing.
#define LIMIT 0x144

// Printable bytes of Latin 1 stand for themselves; the others, in order, for what follows it.
static bool stands_for_itself(uint32_t byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

// -1: none.
static void fill(int16_t *byte_of) {
  memset(byte_of, 0xFF, LIMIT * sizeof *byte_of);
  int16_t next = 0x100;
  for (int16_t byte = 0; byte < 256; byte++)
    byte_of[stands_for_itself((uint32_t)byte) ? byte : next++] = byte;
}

// Whether the first `count` of eight bytes, at least one, are printable ASCII.
static bool are_printable(uint64_t word, size_t count) {
  const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
  uint64_t delete = word ^ ones * 0x7F;
  uint64_t others = (word | (word - ones * 0x21) | (delete - ones)) & high;
  return !(count < 8 ? others << (64 - 8 * count) : others);
}

// The end of the printable ASCII at p, copied eight bytes at a time: up to seven bytes more are
// written. Nothing from `last` on is read.
static const uint8_t *copy_printable(
    const uint8_t *p, const uint8_t *stop, const uint8_t *last, uint8_t *out) {
  while (p < stop && last - p >= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    size_t left = (size_t)(stop - p), count = left < 8 ? left : 8;
    if (!are_printable(word, count)) break;
    memcpy(out, &word, 8);
    p += count;
    out += count;
  }
  return p;
}

size_t apus_text_spell_out(
    const uint8_t *bytes, const uint32_t *starts, size_t first, size_t end, bool keeps_others,
    uint8_t *out, uint32_t *ends) {
  int16_t byte_of[LIMIT];
  fill(byte_of);
  const uint8_t *last = bytes + starts[end];
  size_t written = 0;
  for (size_t id = first; id < end; id++) {
    const uint8_t *p = bytes + starts[id], *stop = bytes + starts[id + 1];
    size_t size = written;
    int16_t byte = 0;
    // Most tokens are a space, which is spelled U+0120, and letters.
    if (stop - p >= 2 && p[0] == 0xC4 && p[1] == 0xA0) {
      out[size++] = ' ';
      p += 2;
    }
    const uint8_t *rest = copy_printable(p, stop, last, out + size);
    size += (size_t)(rest - p);
    p = rest;
    while (p < stop && byte >= 0) {
      uint32_t scalar = *p++;
      // Longer characters are above the alphabet.
      if (scalar >= 0xC0)
        scalar = scalar < 0xE0 && p < stop ? (scalar & 0x1F) << 6 | (*p++ & 0x3F) : LIMIT;
      byte = scalar < LIMIT ? byte_of[scalar] : -1;
      out[size++] = (uint8_t)byte;
    }
    if (byte >= 0) {
      written = size;
    } else if (keeps_others) {
      size_t count = starts[id + 1] - starts[id];
      memcpy(out + written, bytes + starts[id], count);
      written += count;
    }
    ends[id - first] = (uint32_t)written;
  }
  return written;
}
