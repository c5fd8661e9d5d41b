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
  // D = 0 as it stands; D = 1 every number apart, before the pattern sees the text. Those numbers
  // are of Unicode 17, as in `tokenizers`; all other classes are of Unicode 16.
  APUS_TEXT_GPT2 = 0,
  // (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,D}| ?[^\s\p{L}\p{N}]+[\r\n]*
  // |\s*[\r\n]+|\s+(?!\S)|\s+
  // D is 1 to 3, or 0 for \p{N}+. With `joins_marks` words are [\p{L}\p{M}]+, and marks no
  // punctuation; with `takes_last_spaces` `\s+$` comes before the other alternatives of spaces.
  APUS_TEXT_CL100K = 1,
  // With P = [^\r\n\p{L}\p{N}]?, U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], W = [\p{Ll}\p{Lm}\p{Lo}\p{M}]
  // and C = (?i:'s|'t|'re|'ve|'m|'ll|'d)? where `contractions`, otherwise nothing:
  // P U* W+ C|P U+ W* C|\p{N}{1,D}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
  APUS_TEXT_O200K = 2,
  // \p{N}{1,3} apart, then [一-龥぀-ゟ゠-ヿ]+ apart, and in what is between, with A the 32 marks and
  // symbols of ASCII: A[A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*
  // |\s*[\r\n]+|\s+(?!\S)|\s+, and what none of them matches apart.
  APUS_TEXT_DEEPSEEK3 = 3
};

typedef struct apus_text_pattern {
  int32_t family;  // apus_text_family
  int32_t digits;
  bool contractions;       // O200K only
  bool joins_marks;        // CL100K only
  bool takes_last_spaces;  // CL100K only
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

// Two neighbouring tokens that become one. Merges of a lower rank come first, and of those of one
// rank the leftmost. Of two merges of one pair the first counts.
typedef struct apus_text_merge {
  int32_t left, right, merged, rank;
} apus_text_merge;

// What the symbols are that merging begins with.
enum apus_text_symbols {
  APUS_TEXT_BYTES = 0,       // bytes, of pieces that a pattern cuts
  APUS_TEXT_CHARACTERS = 1,  // characters, of uncut text; those without a token become their bytes'
};

// A vocabulary with its merges. Everything is copied.
typedef struct apus_text_vocabulary {
  uint32_t token_count;
  const uint8_t *bytes;    // of all tokens, one after the other
  const uint32_t *starts;  // [token_count + 1]; an empty token is none
  // [256] the token of each byte; -1: such bytes are left out. With characters as symbols there are
  // all of them, and they take part in no merge.
  const int32_t *symbols;
  uint32_t merge_count;
  const apus_text_merge *merges;
  // A piece that is a token is that token, whatever the merges say.
  bool prefers_whole_tokens;
  int32_t symbol_kind;        // apus_text_symbols
  apus_text_pattern pattern;  // where symbols are bytes
  // Where they are characters: a space in text means U+2581. Tokens may be spelled with either.
  bool spaces_are_markers;
} apus_text_vocabulary;

typedef struct apus_text_model apus_text_model;
typedef struct apus_text_encoder apus_text_encoder;

// NULL where a limit above is exceeded.
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

// ---- Encoding word by word ----

// For models whose text is normalised scalar by scalar and cut at white space: WordPiece, and
// Unigram in words. Words are looked up as they stand in the raw text. What a scalar becomes is
// asked for when it is first met, and so are the tokens of a word that scalars alone do not tell.

enum apus_text_scalar_kind {
  APUS_TEXT_SCALAR_UNKNOWN = 0,   // not told yet
  APUS_TEXT_SCALAR_WORD = 1,      // becomes part of a word, or nothing where its text is empty
  APUS_TEXT_SCALAR_ALONE = 2,     // becomes a word of its own
  APUS_TEXT_SCALAR_SPACE = 3,     // ends a word and is gone
  APUS_TEXT_SCALAR_CONTEXT = 4    // depends on what is around it
};

enum apus_text_word_model {
  APUS_TEXT_WORD_PIECE = 0,  // the longest token first; a word that cannot be written is unknown
  APUS_TEXT_UNIGRAM = 1      // the most probable tokens; a run of unknown scalars is one unknown
};

typedef struct apus_text_word_vocabulary {
  int32_t kind;  // apus_text_word_model
  uint32_t token_count;
  const uint8_t *bytes;    // of all tokens, one after the other
  const uint32_t *starts;  // [token_count + 1]; an empty token is none
  const double *scores;    // [token_count] Unigram: logarithms of probabilities
  double unknown_score;    // Unigram: of one scalar
  int32_t unknown;         // -1: unknown text is left out
  uint32_t longest_word;   // WordPiece: words of more scalars are unknown
  const uint8_t *prefix;   // Unigram: in front of every word; WordPiece: of tokens inside a word
  size_t prefix_count;
} apus_text_word_vocabulary;

typedef struct apus_text_words apus_text_words;
typedef struct apus_text_word_encoder apus_text_word_encoder;

// NULL where a limit above is exceeded, or the prefix has more than 16 bytes.
apus_text_words *apus_text_words_create(const apus_text_word_vocabulary *vocabulary);
void apus_text_words_destroy(apus_text_words *words);

// The model must outlive it. `isa` is for tests; -1 takes the best.
apus_text_word_encoder *apus_text_word_encoder_create(const apus_text_words *words, int32_t isa);
void apus_text_word_encoder_destroy(apus_text_word_encoder *encoder);

enum apus_text_need {
  APUS_TEXT_NEED_NOTHING = 0,
  APUS_TEXT_NEED_SCALAR = 1,  // tell what `scalar` becomes
  APUS_TEXT_NEED_WORD = 2     // tell the tokens of text[start ..< end]
};

typedef struct apus_text_request {
  int32_t need;  // apus_text_need
  uint32_t scalar;
  size_t start, end;
  // How far a stretch of text was looked at, and where it ends; 0 where a text begins.
  size_t checked, stretch_end;
} apus_text_request;

// Encodes words from text[*from] on and moves *from behind them, as far as it gets without asking;
// returns their *ids_count ids, which stay until the next call.
const int32_t *apus_text_word_encode(
    apus_text_word_encoder *encoder, const uint8_t *text, size_t count, size_t *from,
    size_t *ids_count, apus_text_request *request);

// Answers: what a scalar becomes, at most 32 bytes; the tokens of a word.
void apus_text_word_tell_scalar(
    apus_text_word_encoder *encoder, uint32_t scalar, int32_t kind, const uint8_t *bytes,
    size_t count);
void apus_text_word_tell_word(
    apus_text_word_encoder *encoder, const uint8_t *word, size_t count, const int32_t *ids,
    size_t ids_count);

// ---- Loading ----

// Writes the bytes that tokens first ..< end stand for, which are spelled in the byte alphabet of
// byte-level tokenizers, to `out`, and where each ends there to `ends`. A token with another
// character is kept as it is spelled, or becomes empty. Returns how many bytes it is, at most as
// many as the spellings have; `out` has room for 8 more.
size_t apus_text_spell_out(
    const uint8_t *bytes, const uint32_t *starts, size_t first, size_t end, bool keeps_others,
    uint8_t *out, uint32_t *ends);

// An open table of tokens by their bytes: `slots` has a power of two of entries, more than there
// are tokens, and is filled by apus_text_index_fill. Of equal spellings the later counts; empty
// ones are none.
typedef struct apus_text_index {
  const uint8_t *bytes;
  const uint32_t *starts;  // [token_count + 1]
  size_t token_count;
  uint64_t *slots;  // [slot_count] half a hash and a token; all ones is free
  size_t slot_count;
} apus_text_index;

void apus_text_index_fill(const apus_text_index *index);

// The token that is spelled so, or -1.
int32_t apus_text_index_find(const apus_text_index *index, const uint8_t *bytes, size_t count);

// The two long lists in a `tokenizer.json` of a byte-pair model, read without the rest.
typedef struct apus_text_document {
  // Where their values lie in the document.
  size_t vocabulary_start, vocabulary_end, merges_start, merges_end;
  uint32_t token_count;
  uint8_t *bytes;    // of all tokens as they are spelled, by id
  uint32_t *starts;  // [token_count + 1]; an id without a token is empty
  uint32_t merge_count;
  apus_text_merge *merges;
  uint64_t *slots;  // of an apus_text_index of the tokens
  size_t slot_count;
} apus_text_document;

// False where it is no such document, or is one with anything unusual about those lists: an id or
// a spelling twice, a merge of no tokens, the merges first, an error. Then nothing is allocated.
bool apus_text_document_read(apus_text_document *document, const uint8_t *json, size_t count);
void apus_text_document_destroy(apus_text_document *document);

// ---- Finding where one of some strings may begin ----

// Told from the first two bytes of each string.
typedef struct apus_text_needles {
  // A byte may begin one where low[byte & 15] and high[byte >> 4] have a bit in common.
  uint8_t low[16], high[16];
  uint64_t pairs[1024];  // bits of first << 8 | second
} apus_text_needles;

// Adds a string of at least one byte. All zeros is the empty set.
void apus_text_needles_add(apus_text_needles *needles, const uint8_t *bytes, size_t count);

// The first place from `from` on where one may begin, or `count`.
size_t apus_text_find(
    const apus_text_needles *needles, int32_t isa, const uint8_t *text, size_t count, size_t from);

// ---- Normal form C ----

// Where text[from ..< count] may stop being in normal form C: everything before the place that is
// returned is in it whatever follows, or all of it where that is `count`. The place is the first
// byte of a scalar, `from` or behind it; often the text is in form C all the same.
size_t apus_text_composed_end(const uint8_t *text, size_t count, size_t from);

// ---- Decoding ----

// What one token spells, where that is at most 15 bytes, and its flags. Made by
// apus_text_pieces_fill.
typedef struct apus_text_piece {
  uint8_t bytes[15];
  uint8_t mark;
} apus_text_piece;

// The pieces of all tokens, whose flags are below 8.
//
// - bytes, starts: the spellings one after the other, and where each begins; [token_count + 1]
void apus_text_pieces_fill(
    apus_text_piece *pieces, const uint8_t *bytes, const uint32_t *starts, const uint8_t *flags,
    size_t token_count);

// What tokens spell: the pieces, and all bytes for those that are longer.
typedef struct apus_text_spellings {
  const apus_text_piece *pieces;  // [token_count]
  const uint8_t *bytes;
  const uint32_t *starts;  // [token_count + 1]
  size_t token_count;
  // Tokens with this flag stand for one byte each; 0 where there are none. They are decoded as far
  // as each of their characters is complete and valid or, with `whole_runs`, a run of them is.
  uint8_t byte_flag;
  bool whole_runs;
} apus_text_spellings;

// Writes what ids[*from ..< count] spell to `out` and returns how many bytes it is. Stops before an
// id that is no token or has one of the flags in `stops`, before bytes that are no text, and where
// a token does not fit in what is left of `capacity`; *from says where. What it writes behind the
// text is within the capacity.
size_t apus_text_decode(
    const apus_text_spellings *spellings, uint8_t stops, const int32_t *ids, size_t count,
    size_t *from, uint8_t *out, size_t capacity);

// Whether bytes are text.
enum apus_text_validity { APUS_TEXT_INVALID = 0, APUS_TEXT_UTF8 = 1, APUS_TEXT_ASCII = 2 };

int32_t apus_text_validity(int32_t isa, const uint8_t *text, size_t count);

#ifdef __cplusplus
}
#endif

#endif
