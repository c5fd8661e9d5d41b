// What a block of 64 bytes is made of, one bit per byte.
#ifndef APUS_TEXT_MASKS_H
#define APUS_TEXT_MASKS_H

#include "pieces.h"

#define BLOCK 64
// Bytes that a block may look at behind its 64.
#define BLOCK_SLACK 4

// All bytes of a scalar carry its class, so that runs of a class are runs of bits.
typedef struct apus_text_masks {
  uint64_t letters;       // L
  uint64_t uppers;        // of those Lu and Lt
  uint64_t lowers;        // Ll
  uint64_t marks;         // M
  uint64_t numbers;       // N
  uint64_t spaces;        // \s
  uint64_t others;        // [^\s\p{L}\p{N}], marks too
  uint64_t blanks;        // U+0020
  uint64_t newlines;      // \r and \n
  uint64_t apostrophes;   // U+0027
  uint64_t slashes;       // U+002F
  uint64_t high;          // bytes above ASCII
  uint64_t continuation;  // those that begin no scalar
  uint64_t unassigned;    // above ASCII, in no class
} apus_text_masks;

// The runs of `set` that begin at these bits of it.
APUS_INLINE uint64_t runs_from(uint64_t set, uint64_t starts) { return set & ~(set + starts); }

// Bits below `i`, for i < 64.
APUS_INLINE uint64_t below(uint32_t i) { return ((uint64_t)1 << i) - 1; }

APUS_INLINE uint32_t lowest(uint64_t bits) { return (uint32_t)__builtin_ctzll(bits); }
APUS_INLINE uint32_t highest(uint64_t bits) { return 63 - (uint32_t)__builtin_clzll(bits); }

// Adds the scalars above ASCII, which `m->high` marks.
APUS_INLINE void add_high(const uint8_t *p, apus_text_masks *m) {
  uint64_t by_class[CLASS_COUNT] = {0};
  for (uint64_t leads = m->high & ~m->continuation; leads; leads &= leads - 1) {
    uint32_t at = lowest(leads);
    uint32_t length = length_of_lead(p[at]);
    by_class[class_of(scalar_at(p + at, length))] |= below(length) << at;
  }
  m->uppers |= by_class[CLASS_UPPER];
  m->lowers |= by_class[CLASS_LOWER];
  m->letters |= by_class[CLASS_UPPER] | by_class[CLASS_LOWER] | by_class[CLASS_LETTER];
  m->marks |= by_class[CLASS_MARK];
  m->numbers |= by_class[CLASS_NUMBER];
  m->spaces |= by_class[CLASS_SPACE];
  m->others = ~(m->letters | m->numbers | m->spaces);
  m->unassigned = by_class[CLASS_OTHER];
}

// The first bytes of the scalars whose last bytes are given.
APUS_INLINE uint64_t leads_of_last(uint64_t last, uint64_t continuation) {
  for (int i = 0; i < 3; i++) {
    uint64_t moving = last & continuation;
    last = (last & ~continuation) | moving >> 1;
  }
  return last;
}

// The first bytes of the scalars behind those whose first bytes are given.
APUS_INLINE uint64_t leads_behind(uint64_t leads, uint64_t continuation) {
  uint64_t at = leads << 1, result = 0;
  for (int i = 0; i < 4; i++) {
    result |= at & ~continuation;
    at = (at & continuation) << 1;
  }
  return result;
}

// Where pieces may begin, and the bits from which on nothing is known.
typedef struct apus_text_starts {
  uint64_t starts;
  uint64_t known;
} apus_text_starts;

// A block begins where a piece does, so that bit 0 needs no context: whatever precedes it was
// another piece's. Runs that reach the block's end are looked at again in the next one.

APUS_INLINE uint64_t up_to(uint32_t i) { return below(i) | (uint64_t)1 << i; }

// A run of white space that touches the block's end is known up to its first byte.
APUS_INLINE uint64_t known_before_last_spaces(uint64_t spaces) {
  if (!(spaces >> 63)) return ~(uint64_t)0;
  return ~spaces ? up_to(highest(~spaces) + 1) : 1;
}

// The last scalars of runs of white space, except of one that touches the block's end.
APUS_INLINE uint64_t last_spaces(const apus_text_masks *m) {
  return leads_of_last(m->spaces & ~(m->spaces >> 1) & ~((uint64_t)1 << 63), m->continuation);
}

// Every `digits`-th number of a run. Only for numbers in ASCII where digits is 2 or 3.
APUS_INLINE uint64_t number_starts(const apus_text_masks *m, int32_t digits) {
  uint64_t n = m->numbers;
  if (digits == 1) return n & ~m->continuation;
  uint64_t starts = n & ~(n << 1);
  if (digits == 0) return starts;
  uint64_t inside = n & n << 1 & (digits == 3 ? n << 2 : ~(uint64_t)0);
  for (uint64_t next = starts << digits & inside; next; next = next << digits & inside)
    starts |= next;
  return starts;
}

APUS_INLINE apus_text_starts gpt2_starts(
    const apus_text_pattern *pattern, const uint8_t *p, const apus_text_masks *m) {
  bool isolates = pattern->digits == 1;
  uint64_t absorbed = m->blanks << 1;  // a space goes with the run behind it
  uint64_t words = m->letters & ~(m->letters << 1) & ~absorbed;
  uint64_t others = m->others & ~(m->others << 1) & ~absorbed;
  uint64_t spaces = m->spaces & ~(m->spaces << 1);
  uint64_t last = last_spaces(m);
  apus_text_starts r;
  r.known = known_before_last_spaces(m->spaces);
  r.starts = words | others | spaces;
  if (isolates) {
    // A number ends the text for what is before it.
    uint64_t before_number = m->spaces & m->numbers >> 1;
    r.starts |= (last & ~leads_of_last(before_number, m->continuation)) | number_starts(m, 1);
    // Late numbers may be among these, and end a run of white space before them.
    if (m->unassigned) {
      uint64_t before = below(lowest(m->unassigned)), words_before = before & ~m->spaces;
      r.known &= words_before ? below(highest(words_before)) << 2 | 3 : 1;
    }
  } else {
    r.starts |= last | (m->numbers & ~(m->numbers << 1) & ~absorbed);
  }
  for (uint64_t a = m->apostrophes & others; a; a &= a - 1) {
    uint32_t at = lowest(a);
    if (at > BLOCK - 4) {
      r.known &= up_to(at);
      break;
    }
    uint32_t length = (uint32_t)contraction_length(p + at + 1, 3, false);
    if (length == 0) continue;
    r.starts &= ~((uint64_t)2 << at);
    r.starts |= m->letters & ~m->continuation & (uint64_t)2 << at << length;
  }
  return r;
}

// What CL100K and O200K do alike: white space, punctuation, numbers, and words that take one scalar
// in front of them. `words` are the bits of words.
typedef struct apus_text_outline {
  apus_text_starts r;
  uint64_t other_starts;
  uint64_t taken_newlines;  // by the punctuation in front of them
} apus_text_outline;

APUS_INLINE apus_text_outline outline(
    const apus_text_pattern *pattern, const apus_text_masks *m, uint64_t words, uint64_t others) {
  apus_text_outline o;
  uint64_t lines = m->newlines, within = m->spaces & ~lines;
  o.r.known = known_before_last_spaces(m->spaces);
  o.other_starts = others & ~(others << 1) & ~(m->blanks << 1);
  // One scalar of punctuation goes with the word behind it.
  uint64_t absorbed = leads_behind(o.other_starts, m->continuation) | within << 1;
  uint64_t word_starts = words & ~(words << 1) & ~absorbed;
  o.taken_newlines = runs_from(lines, others << 1 & lines);
  uint64_t run_starts =
      m->spaces & ~o.taken_newlines & (~(m->spaces << 1) | o.taken_newlines << 1);
  // Behind the last line break of a run a new piece begins.
  uint64_t tails = within & lines << 1;
  for (uint64_t bad = (within + tails) & ~within & lines; bad; bad &= bad - 1)
    tails &= ~((uint64_t)1 << (highest(~within & below(lowest(bad))) + 1));
  o.r.starts = word_starts | o.other_starts | number_starts(m, pattern->digits) | run_starts |
               tails | (last_spaces(m) & ~lines);
  if (pattern->digits > 1 && (m->numbers & m->high))
    o.r.known &= below(lowest(m->numbers & m->high));
  return o;
}

APUS_INLINE apus_text_starts cl100k_starts(
    const apus_text_pattern *pattern, const uint8_t *p, const apus_text_masks *m) {
  uint64_t marks = pattern->joins_marks ? m->marks : 0, words = m->letters | marks;
  apus_text_outline o = outline(pattern, m, words, m->others & ~marks);
  for (uint64_t a = m->apostrophes & o.other_starts; a; a &= a - 1) {
    uint32_t at = lowest(a);
    if (at > BLOCK - 4) {
      o.r.known &= up_to(at);
      break;
    }
    uint32_t length = (uint32_t)contraction_length(p + at + 1, 3, true);
    if (length) o.r.starts |= words & (uint64_t)2 << at << length;
  }
  return o.r;
}

APUS_INLINE apus_text_starts o200k_starts(
    const apus_text_pattern *pattern, const uint8_t *p, const apus_text_masks *m) {
  uint64_t words = m->letters | m->marks, others = m->others & ~m->marks;
  apus_text_outline o = outline(pattern, m, words, others);
  o.r.starts |= m->uppers & m->lowers << 1;
  // Left to the scanner: what depends on how a word goes on, and what may be punctuation or word.
  uint64_t both = words & ~m->uppers & ~m->lowers;
  uint64_t hard = (m->uppers & both << 1) | (m->marks & others << 1) |
                  (m->slashes & o.taken_newlines << 1);
  if (hard) o.r.known &= below(lowest(hard));
  if (!pattern->contractions) return o.r;
  uint32_t last_end = 0;
  for (uint64_t a = m->apostrophes & words << 1; a; a &= a - 1) {
    uint32_t at = lowest(a);
    if (at == last_end) continue;  // only one of them to a word
    if (at > BLOCK - 4) {
      o.r.known &= below(at);
      break;
    }
    uint32_t length = (uint32_t)contraction_length(p + at + 1, 3, true);
    if (length == 0) continue;
    last_end = at + 1 + length;
    o.r.starts &= ~(below(1 + length) << at);
    o.r.starts |= words & (uint64_t)1 << last_end;
  }
  return o.r;
}

#endif
