// The scanners' meaning: the end of one piece, alternative by alternative of its pattern.
//
// They run where masks do not decide: near the end of a text, over long runs and in rare mixtures.
#ifndef APUS_TEXT_PIECES_H
#define APUS_TEXT_PIECES_H

#include <stdbool.h>

#include "../include/text_kernels.h"
#include "classes.h"

typedef struct apus_text_range {
  const uint8_t *text;
  size_t end;  // patterns look no further
  bool has_late_numbers;  // they count as numbers
} apus_text_range;

typedef struct apus_text_step {
  uint32_t class;
  size_t next;
} apus_text_step;

#define CLASS_BIT(class) (1u << (class))
#define LETTERS (CLASS_BIT(CLASS_UPPER) | CLASS_BIT(CLASS_LOWER) | CLASS_BIT(CLASS_LETTER))
#define NUMBERS CLASS_BIT(CLASS_NUMBER)
#define SPACES CLASS_BIT(CLASS_SPACE)
// [^\s\p{L}\p{N}]
#define OTHERS \
  (CLASS_BIT(CLASS_OTHER) | CLASS_BIT(CLASS_MARK) | CLASS_BIT(CLASS_PUNCTUATION))
// The two bracket expressions of O200K.
#define UPPERS (CLASS_BIT(CLASS_UPPER) | CLASS_BIT(CLASS_LETTER) | CLASS_BIT(CLASS_MARK))
#define LOWERS (CLASS_BIT(CLASS_LOWER) | CLASS_BIT(CLASS_LETTER) | CLASS_BIT(CLASS_MARK))

APUS_INLINE bool is_in(uint32_t class, uint32_t set) { return CLASS_BIT(class) & set; }
APUS_INLINE bool is_newline(uint8_t byte) { return byte == '\n' || byte == '\r'; }

// The class of the scalar at i < end, and where the next one begins.
APUS_INLINE apus_text_step step_at(const apus_text_range *r, size_t i) {
  uint32_t length = length_of_lead(r->text[i]);
  if (i + length > r->end) return (apus_text_step){CLASS_OTHER, i + 1};
  uint32_t scalar = scalar_at(r->text + i, length);
  if (r->has_late_numbers && is_late_number(scalar))
    return (apus_text_step){CLASS_NUMBER, i + length};
  return (apus_text_step){class_of(scalar), i + length};
}

APUS_INLINE size_t run_end(const apus_text_range *r, size_t i, uint32_t set, size_t most) {
  for (; i < r->end && most > 0; most--) {
    apus_text_step step = step_at(r, i);
    if (!is_in(step.class, set)) break;
    i = step.next;
  }
  return i;
}

// [一-龥぀-ゟ゠-ヿ]
APUS_INLINE bool is_kana(uint32_t scalar) {
  return scalar - 0x4E00 <= 0x9FA5 - 0x4E00 || scalar - 0x3040 <= 0x30FF - 0x3040;
}

APUS_INLINE bool is_kana_at(const apus_text_range *r, size_t i) {
  uint32_t length = length_of_lead(r->text[i]);
  return length == 3 && i + length <= r->end && is_kana(scalar_at(r->text + i, length));
}

// As run_end, up to what is kana to another pattern.
APUS_INLINE size_t between_end(const apus_text_range *r, size_t i, uint32_t set) {
  while (i < r->end && !is_kana_at(r, i)) {
    apus_text_step step = step_at(r, i);
    if (!is_in(step.class, set)) break;
    i = step.next;
  }
  return i;
}

// Bytes of `s`, `t`, `re`, `ve`, `m`, `ll` or `d` at p, which follows an apostrophe; 0 where there
// is none. `left` bytes may be read.
APUS_INLINE size_t contraction_length(const uint8_t *p, size_t left, bool folds_case) {
  if (left == 0) return 0;
  // The long s folds to s, as regular expressions fold case.
  if (folds_case && left > 1 && p[0] == 0xC5 && p[1] == 0xBF) return 2;
  uint8_t fold = folds_case ? 0x20 : 0;
  uint8_t first = p[0] | fold;
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 1;
  if (left == 1) return 0;
  uint8_t second = p[1] | fold;
  bool is_known = (first == 'l' && second == 'l') ||
                  ((first == 'r' || first == 'v') && second == 'e');
  return is_known ? 2 : 0;
}

APUS_INLINE size_t contraction_end(const apus_text_range *r, size_t i, bool folds_case) {
  if (i >= r->end || r->text[i] != '\'') return i;
  size_t length = contraction_length(r->text + i + 1, r->end - i - 1, folds_case);
  return length ? i + 1 + length : i;
}

// What else than the end of the text ends it for white space: scalars that another pattern took.
typedef enum border { BORDER_NONE, BORDER_NUMBERS, BORDER_NUMBERS_AND_KANA } border;

APUS_INLINE bool is_border(const apus_text_range *r, size_t i, border border) {
  if (i == r->end) return true;
  if (border == BORDER_NONE) return false;
  if (step_at(r, i).class == CLASS_NUMBER) return true;
  return border == BORDER_NUMBERS_AND_KANA && is_kana_at(r, i);
}

// `\s+(?!\S)|\s+`, or with `newlines` `\s*[\r\n]+|\s+(?!\S)|\s+`.
APUS_INLINE size_t space_end(
    const apus_text_range *r, size_t start, bool newlines, border border) {
  size_t at = start, last = start, after_newline = 0;
  while (at < r->end) {
    apus_text_step step = step_at(r, at);
    if (step.class != CLASS_SPACE) break;
    last = at;
    at = step.next;
    if (newlines && is_newline(r->text[last])) after_newline = at;
  }
  if (after_newline) return after_newline;
  // A run of spaces leaves its last one to what is behind it.
  return last == start || is_border(r, at, border) ? at : last;
}

APUS_INLINE size_t gpt2_end(
    const apus_text_pattern *pattern, const apus_text_range *r, size_t start) {
  size_t contraction = contraction_end(r, start, false);
  if (contraction > start) return contraction;
  apus_text_step head = step_at(r, start);
  bool isolates = pattern->digits == 1;
  if (r->text[start] == ' ' && head.next < r->end) {
    apus_text_step next = step_at(r, head.next);
    if (next.class != CLASS_SPACE && !(isolates && next.class == CLASS_NUMBER)) head = next;
  }
  if (head.class == CLASS_SPACE)
    return space_end(r, start, false, isolates ? BORDER_NUMBERS : BORDER_NONE);
  if (head.class == CLASS_NUMBER && isolates) return head.next;
  uint32_t set = is_in(head.class, LETTERS)   ? LETTERS
                 : is_in(head.class, NUMBERS) ? NUMBERS
                                              : OTHERS;
  return run_end(r, head.next, set, SIZE_MAX);
}

// `\p{N}{1,D}` behind its first number.
APUS_INLINE size_t number_end(
    const apus_text_pattern *pattern, const apus_text_range *r, size_t i) {
  return run_end(r, i, NUMBERS, pattern->digits == 0 ? SIZE_MAX : (size_t)pattern->digits - 1);
}

// ` ?[^\s\p{L}\p{N}]+[\r\n]*`, or with slashes in the last bracket; `start` where it does not
// match. `set` is the first bracket.
APUS_INLINE size_t others_end(const apus_text_range *r, size_t start, uint32_t set, bool slashes) {
  size_t first = r->text[start] == ' ' ? start + 1 : start;
  size_t at = run_end(r, first, set, SIZE_MAX);
  if (at == first) return start;
  while (at < r->end && (is_newline(r->text[at]) || (slashes && r->text[at] == '/'))) at++;
  return at;
}

APUS_INLINE size_t cl100k_end(
    const apus_text_pattern *pattern, const apus_text_range *r, size_t start) {
  size_t contraction = contraction_end(r, start, true);
  if (contraction > start) return contraction;
  apus_text_step head = step_at(r, start);
  uint32_t marks = CLASS_BIT(CLASS_MARK);
  uint32_t words = pattern->joins_marks ? LETTERS | marks : LETTERS;
  if (is_in(head.class, words)) return run_end(r, head.next, words, SIZE_MAX);
  if (head.class == CLASS_NUMBER) return number_end(pattern, r, head.next);
  if (!is_newline(r->text[start])) {
    size_t word = run_end(r, head.next, words, SIZE_MAX);
    if (word > head.next) return word;
  }
  size_t others = others_end(r, start, OTHERS & ~words, false);
  if (others > start) return others;
  if (pattern->takes_last_spaces && run_end(r, start, SPACES, SIZE_MAX) == r->end) return r->end;
  return space_end(r, start, true, BORDER_NONE);
}

// The two word alternatives of O200K without their prefix; `start` where neither matches.
APUS_INLINE size_t cased_end(const apus_text_range *r, size_t start, bool *matches_first) {
  size_t at = start, after_both = start;
  while (at < r->end) {
    apus_text_step step = step_at(r, at);
    if (!is_in(step.class, UPPERS)) break;
    at = step.next;
    // The last place where the second bracket can take over, when nothing after it can.
    if (step.class != CLASS_UPPER) after_both = at;
  }
  size_t end = run_end(r, at, LOWERS, SIZE_MAX);
  *matches_first = end > at || after_both > start;
  return end > at ? end : after_both > start ? after_both : at;
}

APUS_INLINE size_t o200k_end(
    const apus_text_pattern *pattern, const apus_text_range *r, size_t start) {
  apus_text_step head = step_at(r, start);
  bool may_prefix = !is_in(head.class, LETTERS | NUMBERS) && !is_newline(r->text[start]);
  bool with_first = false, bare_first = false;
  size_t with = may_prefix ? cased_end(r, head.next, &with_first) : head.next;
  if (with == head.next) with = start;
  size_t bare = cased_end(r, start, &bare_first);
  // First alternative with the prefix, without it, then the second in the same order.
  size_t word = with > start && with_first ? with : bare > start && bare_first ? bare
                : with > start ? with : bare;
  if (word > start) return pattern->contractions ? contraction_end(r, word, true) : word;
  if (head.class == CLASS_NUMBER) return number_end(pattern, r, head.next);
  size_t others = others_end(r, start, OTHERS, true);
  return others > start ? others : space_end(r, start, true, BORDER_NONE);
}

APUS_INLINE bool is_ascii_letter(uint8_t byte) { return (uint8_t)((byte | 0x20) - 'a') < 26; }

APUS_INLINE size_t deepseek3_end(
    const apus_text_pattern *pattern, const apus_text_range *r, size_t start) {
  apus_text_step head = step_at(r, start);
  if (head.class == CLASS_NUMBER) return number_end(pattern, r, head.next);
  size_t at = start;
  while (at < r->end && is_kana_at(r, at)) at += 3;
  if (at > start) return at;
  // None of these scalars is a letter, mark or symbol that another pattern took.
  const uint32_t words = LETTERS | CLASS_BIT(CLASS_MARK), marks = CLASS_BIT(CLASS_PUNCTUATION);
  if (head.class == CLASS_PUNCTUATION && head.next == start + 1) {
    for (at = head.next; at < r->end && is_ascii_letter(r->text[at]);) at++;
    if (at > head.next) return at;
  }
  if (is_in(head.class, words)) return between_end(r, start, words);
  if (head.class != CLASS_PUNCTUATION && !is_newline(r->text[start])) {
    at = between_end(r, head.next, words);
    if (at > head.next) return at;
  }
  size_t first = r->text[start] == ' ' ? start + 1 : start;
  at = between_end(r, first, marks);
  if (at > first) {
    while (at < r->end && is_newline(r->text[at])) at++;
    return at;
  }
  if (head.class == CLASS_SPACE) return space_end(r, start, true, BORDER_NUMBERS_AND_KANA);
  // Nothing matches here: up to where something does.
  for (at = start; at < r->end;) {
    apus_text_step step = step_at(r, at);
    if (step.class != CLASS_OTHER || is_kana_at(r, at)) return at;
    if (between_end(r, step.next, words) > step.next) return at;
    at = step.next;
  }
  return at;
}

// The end of the piece that begins at `start` < end.
APUS_INLINE size_t piece_end(
    const apus_text_pattern *pattern, const apus_text_range *r, size_t start) {
  switch (pattern->family) {
    case APUS_TEXT_GPT2: return gpt2_end(pattern, r, start);
    case APUS_TEXT_CL100K: return cl100k_end(pattern, r, start);
    case APUS_TEXT_DEEPSEEK3: return deepseek3_end(pattern, r, start);
    default: return o200k_end(pattern, r, start);
  }
}

#endif
