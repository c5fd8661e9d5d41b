// Text kernels of Apus: text to pieces, pieces to token ids.
//
// A tokenizer's model is made once and never changes; every thread encodes with an encoder of its
// own. Text is UTF-8. Other bytes are memory-safe and give some cut that covers all of them.
#ifndef APUS_TEXT_KERNELS_H
#define APUS_TEXT_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Instruction sets that the scanners are compiled for. All of them give the same.
enum apus_text_isa {
  APUS_TEXT_SCALAR = 0,
  APUS_TEXT_AVX2 = 1,    // AVX2, BMI 1 and 2, LZCNT
  APUS_TEXT_AVX512 = 2,  // and AVX-512 F, BW, VL
  APUS_TEXT_ISA_COUNT = 3
};

// The best of the above that this machine runs.
int32_t apus_text_isa_best(void);

// ---- Cutting ----

// Families of split patterns. With L letters, N numbers, D = `digits`:
enum apus_text_family {
  // 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  // D = 0 as it stands; D = 1 every number apart, before the pattern sees the text.
  APUS_TEXT_GPT2 = 0,
  // (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,D}| ?[^\s\p{L}\p{N}]+[\r\n]*
  // |\s*[\r\n]+|\s+(?!\S)|\s+
  // D is 1 to 3, or 0 for \p{N}+.
  APUS_TEXT_CL100K = 1,
  // With P = [^\r\n\p{L}\p{N}]?, U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], W = [\p{Ll}\p{Lm}\p{Lo}\p{M}]
  // and C = (?i:'s|'t|'re|'ve|'m|'ll|'d)? where `contractions`, otherwise nothing:
  // P U* W+ C|P U+ W* C|\p{N}{1,D}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
  APUS_TEXT_O200K = 2
};

typedef struct apus_text_pattern {
  int32_t family;  // apus_text_family
  int32_t digits;
  bool contractions;  // O200K only
} apus_text_pattern;

// Writes the ends of up to `capacity` pieces of text[*from ..< count], ascending, and moves *from
// to the last of them. Returns how many; 0 where *from is the end of the text.
//
// At the end of the text patterns look no further: `\s+(?!\S)` takes all that is left.
size_t apus_text_split(
    const apus_text_pattern *pattern, int32_t isa, const uint8_t *text, size_t count, size_t *from,
    size_t *ends, size_t capacity);

// ---- Encoding ----

enum apus_text_limit {
  APUS_TEXT_ID_LIMIT = (1 << 21) - 1,    // ids are below
  APUS_TEXT_RANK_LIMIT = (1 << 22) - 1,  // ranks of merges too
  APUS_TEXT_BYTES_LIMIT = 1 << 30        // bytes of all tokens together
};

// Two neighbouring tokens that become one. Merges of a lower rank come first; those of one rank
// give the same token, and the leftmost of them comes first. Of two merges of one pair the first
// counts.
typedef struct apus_text_merge {
  int32_t left, right, merged, rank;
} apus_text_merge;

// A byte-level vocabulary with its merges. Everything is copied.
typedef struct apus_text_vocabulary {
  uint32_t token_count;
  const uint8_t *bytes;    // of all tokens, one after the other
  const uint32_t *starts;  // [token_count + 1]; an empty token is none
  const int32_t *symbols;  // [256] the token of each byte; -1: such bytes are left out
  uint32_t merge_count;
  const apus_text_merge *merges;
  // A piece that is a token is that token, whatever the merges say.
  bool prefers_whole_tokens;
  apus_text_pattern pattern;
} apus_text_vocabulary;

typedef struct apus_text_model apus_text_model;
typedef struct apus_text_encoder apus_text_encoder;

// NULL where a limit above is exceeded or one rank gives two tokens.
apus_text_model *apus_text_model_create(const apus_text_vocabulary *vocabulary);
void apus_text_model_destroy(apus_text_model *model);

// The model must outlive it. `isa` is for tests; -1 takes the best.
apus_text_encoder *apus_text_encoder_create(const apus_text_model *model, int32_t isa);
void apus_text_encoder_destroy(apus_text_encoder *encoder);

// Encodes some pieces from text[*from] on, moves *from behind them, and returns their *ids_count
// ids; they stay until the next call. Text that was cut elsewhere (at a special token) is a text of
// its own.
const int32_t *apus_text_encode(
    apus_text_encoder *encoder, const uint8_t *text, size_t count, size_t *from,
    size_t *ids_count);

#ifdef __cplusplus
}
#endif

#endif
