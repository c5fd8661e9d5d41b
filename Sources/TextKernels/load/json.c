#include "json.h"

#include <string.h>

void json_skip_some_space(json *j) {
  while (j->at < j->count) {
    uint8_t byte = j->text[j->at];
    if (byte != ' ' && byte != '\n' && byte != '\r' && byte != '\t') return;
    j->at++;
    // Lines begin with many blanks.
    while (j->count - j->at >= 8) {
      uint64_t word;
      memcpy(&word, j->text + j->at, 8);
      word ^= 0x2020202020202020u;
      j->at += word ? (size_t)__builtin_ctzll(word) / 8 : 8;
      if (word) break;
    }
  }
}

// The four digits at `at`; fails where there are none.
static uint32_t hexadecimal(json *j) {
  uint32_t value = 0;
  for (int i = 0; i < 4; i++, j->at++) {
    uint8_t c = j->at < j->count ? j->text[j->at] : 0;
    uint8_t folded = c | 0x20;
    uint32_t digit = c >= '0' && c <= '9'             ? c - '0'
                     : folded >= 'a' && folded <= 'f' ? folded - 87u
                                                      : 16;
    if (digit == 16) j->failed = true;
    value = value << 4 | (digit & 15);
  }
  return value;
}

static size_t put(uint8_t *out, uint32_t scalar) {
  if (scalar < 0x80) return out[0] = (uint8_t)scalar, 1;
  size_t length = scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4;
  static const uint8_t leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
  for (size_t i = length - 1; i > 0; i--, scalar >>= 6) out[i] = 0x80 | (scalar & 0x3F);
  out[0] = (uint8_t)(leads[length] | scalar);
  return length;
}

// Behind the backslash; returns how many bytes it wrote.
static size_t escape(json *j, uint8_t *out) {
  uint8_t letter = j->at < j->count ? j->text[j->at++] : 0;
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  const char *known = letter ? strchr(from, letter) : NULL;
  if (known) return out[0] = (uint8_t)to[known - from], 1;
  if (letter != 'u') return j->failed = true, 0;
  uint32_t scalar = hexadecimal(j);
  if (scalar >= 0xD800 && scalar < 0xE000) {
    bool is_pair = scalar < 0xDC00 && j->at + 1 < j->count && j->text[j->at] == '\\' &&
                   j->text[j->at + 1] == 'u';
    if (!is_pair) return j->failed = true, 0;
    j->at += 2;
    uint32_t low = hexadecimal(j);
    if (low < 0xDC00 || low >= 0xE000) return j->failed = true, 0;
    scalar = 0x10000 + ((scalar - 0xD800) << 10) + (low - 0xDC00);
  }
  return put(out, scalar);
}

// The high bits of those of eight bytes that are quotes, backslashes or controls; of bytes behind
// the first of them, perhaps more.
static uint64_t specials(uint64_t word) {
  const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
  uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
  return (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
          ((word - ones * 0x20) & ~word)) & high;
}

// Copies plain characters, eight at a time and more of them than there are where there is room.
static size_t copy_plain(json *j, uint8_t *out) {
  size_t start = j->at;
  while (j->count - j->at >= 8) {
    uint64_t word;
    memcpy(&word, j->text + j->at, 8);
    memcpy(out + (j->at - start), &word, 8);
    uint64_t found = specials(word);
    if (found) {
      j->at += (size_t)__builtin_ctzll(found) / 8;
      return j->at - start;
    }
    j->at += 8;
  }
  for (; j->at < j->count; j->at++) {
    uint8_t byte = j->text[j->at];
    if (byte < 0x20 || byte == '"' || byte == '\\') break;
    out[j->at - start] = byte;
  }
  return j->at - start;
}

size_t json_string(json *j, uint8_t *out) {
  if (!json_take(j, '"')) return j->failed = true, 0;
  size_t written = 0;
  while (j->at < j->count && !j->failed) {
    written += copy_plain(j, out + written);
    if (j->at == j->count) break;
    uint8_t byte = j->text[j->at];
    if (byte == '"') return j->at++, written;
    if (byte != '\\') break;
    j->at++;
    written += escape(j, out + written);
  }
  j->failed = true;
  return 0;
}

size_t json_name(json *j) {
  if (!json_take(j, '"')) return j->failed = true, 0;
  size_t start = j->at;
  while (j->at < j->count && j->text[j->at] != '"') j->at += j->text[j->at] == '\\' ? 2 : 1;
  if (j->at++ >= j->count) j->failed = true;
  return start;
}

bool json_is(const json *j, size_t start, const char *name) {
  size_t length = strlen(name);
  return j->count - start > length && memcmp(j->text + start, name, length) == 0 &&
         j->text[start + length] == '"';
}

void json_skip(json *j) {
  size_t depth = 0;
  do {
    json_skip_space(j);
    if (j->at >= j->count) break;
    uint8_t byte = j->text[j->at];
    if (byte == '"') {
      json_name(j);
    } else {
      if (byte == '{' || byte == '[') depth++;
      if (byte == '}' || byte == ']') {
        if (depth == 0) break;
        depth--;
      }
      if ((byte == ',' || byte == ':') && depth == 0) break;
      j->at++;
      bool is_word = byte != '{' && byte != '}' && byte != '[' && byte != ']' && byte != ',' &&
                     byte != ':';
      while (is_word && j->at < j->count && !strchr(" \n\r\t,]}", j->text[j->at])) j->at++;
    }
    if (depth == 0) return;
  } while (!j->failed);
  j->failed = true;
}

uint32_t json_number(json *j, uint32_t limit) {
  json_skip_space(j);
  size_t start = j->at;
  uint64_t value = 0;
  while (j->at < j->count && j->text[j->at] - '0' < 10u && j->at - start < 10)
    value = value * 10 + (j->text[j->at++] - '0');
  bool is_plain = j->at > start && (j->text[start] != '0' || j->at == start + 1);
  // What follows must end it: no fraction, no exponent, no more digits.
  uint8_t end = j->at < j->count ? j->text[j->at] : 0;
  bool is_ended = end == ',' || end == '}' || end == ' ' || end == '\n' || end == '\r' ||
                  end == '\t';
  if (!is_plain || !is_ended || value >= limit) j->failed = true;
  return j->failed ? 0 : (uint32_t)value;
}
