// A quick test of normal form C, for text that nearly always is in it.
//
// - Source: Unicode Standard Annex 15, section 9; pairs are looked up instead of answering "maybe".
#include <pthread.h>
#include <string.h>

#include "../include/text_kernels.h"
#include "../split/classes.h"

typedef struct normal_range {
  uint32_t first, last;
  uint32_t flags;  // combining class, NEVER, MAY_COMPOSE
} normal_range;

#define COMBINING_CLASS 0xFF
#define NEVER 0x100
#define MAY_COMPOSE 0x200

static const normal_range ranges[] = {
#include "normal_ranges.inc"
};

static const uint64_t compositions[] = {
#include "compositions.inc"
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

// Which scalars of planes 0 and 1 have flags.
static uint64_t flagged[0x20000 / 64];

static void fill(void) {
  for (size_t i = 0; i < COUNT(ranges); i++) {
    for (uint32_t scalar = ranges[i].first; scalar <= ranges[i].last && scalar < 0x20000; scalar++)
      flagged[scalar / 64] |= (uint64_t)1 << scalar % 64;
  }
}

static uint32_t flags_of(uint32_t scalar) {
  if (scalar < 0x20000 && !(flagged[scalar / 64] >> scalar % 64 & 1)) return 0;
  size_t low = 0, high = COUNT(ranges);
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (ranges[middle].last < scalar) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < COUNT(ranges) && ranges[low].first <= scalar ? ranges[low].flags : 0;
}

static bool composes(uint32_t first, uint32_t second) {
  if (first - 0x1100 < 19 && second - 0x1161 < 21) return true;
  if (first - 0xAC00 < 11172 && (first - 0xAC00) % 28 == 0 && second - 0x11A8 < 27) return true;
  uint64_t pair = (uint64_t)first << 32 | second;
  size_t low = 0, high = COUNT(compositions);
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (compositions[middle] < pair) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < COUNT(compositions) && compositions[low] == pair;
}

// Everything below U+0300 is in form C and composes with nothing before it.
static size_t skip_low(const uint8_t *text, size_t count, size_t at) {
  for (uint64_t word; count - at >= 8; at += 8) {
    memcpy(&word, text + at, 8);
    // A byte of 0xCC or more: its top bit is set and adding 0x34 to the rest carries into it.
    uint64_t high = word & 0x8080808080808080u;
    uint64_t carry = (word & 0x7F7F7F7F7F7F7F7Fu) + 0x3434343434343434u;
    uint64_t found = high & carry;
    if (found) return at + (size_t)__builtin_ctzll(found) / 8;
  }
  while (at < count && text[at] < 0xCC) at++;
  return at;
}

size_t apus_text_composed_end(const uint8_t *text, size_t count, size_t from) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, fill);
  size_t at = from, starter = from;  // where what is being looked at began
  uint32_t first = 0, last_class = 0;
  bool is_known = false;  // whether `first` is the scalar just before `at`, and a starter
  while (at < count) {
    if (text[at] < 0xCC) {
      size_t next = skip_low(text, count, at);
      if (next == count) return count;
      // The last scalar before it may compose with what follows.
      starter = next;
      while (starter > at && (text[--starter] & 0xC0) == 0x80) continue;
      uint32_t length = length_of_lead(text[starter]);
      first = starter + length == next ? scalar_at(text + starter, length) : 0;
      is_known = true;
      last_class = 0;
      at = next;
    }
    uint32_t length = length_of_lead(text[at]);
    if (at + length > count) return starter;
    uint32_t scalar = scalar_at(text + at, length);
    uint32_t flags = flags_of(scalar);
    uint32_t class = flags & COMBINING_CLASS;
    if (flags & NEVER || (class && class < last_class)) return starter;
    if (flags & MAY_COMPOSE) {
      // A mark may also go before one that is part of what it follows, unless that is ASCII.
      if (class ? !is_known || first >= 0x80 : !is_known && last_class) return starter;
      if (is_known && composes(first, scalar)) return starter;
    }
    if (class == 0) {
      first = scalar;
      starter = at;
    }
    is_known = class == 0;
    last_class = class;
    at += length;
  }
  return count;
}
