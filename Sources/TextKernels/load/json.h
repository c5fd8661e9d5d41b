// As much of JSON as it takes to walk over a document that another parser reads too.
#ifndef APUS_TEXT_JSON_H
#define APUS_TEXT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct json {
  const uint8_t *text;  // UTF-8
  size_t count;
  size_t at;
  bool failed;
} json;

// Skips white space of which there is some.
void json_skip_some_space(json *j);

static inline void json_skip_space(json *j) {
  if (j->at < j->count && j->text[j->at] <= ' ') json_skip_some_space(j);
}

// Skips white space; then whether this character follows, which is taken.
static inline bool json_take(json *j, uint8_t character) {
  json_skip_space(j);
  if (j->at >= j->count || j->text[j->at] != character) return false;
  j->at++;
  return true;
}

// Reads a string into `out`, which has room for all that is left of the document, and returns its
// length. Fails for escapes that are no character.
size_t json_string(json *j, uint8_t *out);

// Skips a string and returns where its text begins.
size_t json_name(json *j);

// Whether the text of the string that begins there is `name`.
bool json_is(const json *j, size_t start, const char *name);

// Skips a value without looking closely.
void json_skip(json *j);

// A number without sign, fraction, exponent and leading zeros, below `limit`.
uint32_t json_number(json *j, uint32_t limit);

#endif
