#include "classify.body.h"

// Inlined twice, so that text in ASCII has no continuation bytes to follow.
APUS_INLINE uint64_t ISA(starts_of)(
    const apus_text_pattern *pattern, const uint8_t *p, const apus_text_masks *m) {
  apus_text_starts r;
  switch (pattern->family) {
    case APUS_TEXT_GPT2: r = gpt2_starts(pattern, p, m); break;
    case APUS_TEXT_CL100K: r = cl100k_starts(pattern, p, m); break;
    default: r = o200k_starts(pattern, p, m);
  }
  return r.starts & r.known & ~(uint64_t)1;
}

// Where pieces begin behind bit 0, as far as the block tells.
APUS_INLINE uint64_t ISA(block_starts)(const apus_text_pattern *pattern, const uint8_t *p) {
  apus_text_masks m;
  ISA(classify)(p, &m);
  m.uppers = m.letters & ~m.lowers;
  m.marks = m.unassigned = 0;
  if (m.high) {
    add_high(p, &m);
    return ISA(starts_of)(pattern, p, &m);
  }
  m.continuation = 0;
  m.others = ~(m.letters | m.numbers | m.spaces);
  return ISA(starts_of)(pattern, p, &m);
}

// As apus_text_split, but it may write BLOCK more ends than `capacity`, and as many again that do
// not count.
static size_t ISA(split)(
    const apus_text_pattern *pattern, const uint8_t *text, size_t count, size_t *from,
    size_t *ends, size_t capacity) {
  bool isolates = pattern->family == APUS_TEXT_GPT2 && pattern->digits == 1;
  bool has_masks = pattern->family != APUS_TEXT_DEEPSEEK3;
  apus_text_range range = {text, count, isolates};
  size_t at = *from, found = 0;
  while (found < capacity && at < count) {
    uint64_t starts =
        has_masks && count - at >= BLOCK + BLOCK_SLACK ? ISA(block_starts)(pattern, text + at)
                                                       : 0;
    if (starts == 0) {
      at = piece_end(pattern, &range, at);
      ends[found++] = at;
      continue;
    }
    size_t next = at + highest(starts);
    size_t total = (size_t)__builtin_popcountll(starts);
    for (size_t i = 0; i < total; i += 8) {
      for (size_t k = 0; k < 8; k++) {
        // Behind the last bit some value is written that nobody reads.
        ends[found + i + k] = at + (size_t)__builtin_ctzll(starts | (uint64_t)1 << 63);
        starts &= starts - 1;
      }
    }
    found += total;
    at = next;
  }
  *from = at;
  return found;
}
