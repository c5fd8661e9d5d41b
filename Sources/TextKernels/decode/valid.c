// Whether bytes are UTF-8.
//
// - Source: J. Keiser and D. Lemire, "Validating UTF-8 In Less Than One Instruction Per Byte":
//   each pair of neighbours is looked up by three of its four nibbles, and is wrong where all three
//   say so in one way; which bytes must be the third or fourth of a scalar is seen two and three
//   bytes before.
#include "../include/text_kernels.h"
#include "../utf8.h"

// The ways in which two neighbours are wrong.
#define TOO_SHORT 0x01    // a lead without a continuation
#define TOO_LONG 0x02     // ASCII with one
#define OVERLONG_3 0x04   // E0 80..9F
#define SURROGATE 0x08    // ED A0..BF
#define OVERLONG_2 0x10   // C0 and C1
#define TOO_LARGE 0x20    // F4 90..BF, F5.. 90..BF
#define OVERLONG_4 0x40   // F0 80..8F, and F5.. 80..8F
#define TWO_CONTINUATIONS 0x80
// What the low nibble of the first byte does not tell.
#define ANY (TOO_SHORT | TOO_LONG | TWO_CONTINUATIONS)

static const uint8_t first_high[16] = {
    TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
    TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS,
    TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE,
    TOO_SHORT | TOO_LARGE | OVERLONG_4};

static const uint8_t first_low[16] = {
    ANY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4, ANY | OVERLONG_2, ANY, ANY, ANY | TOO_LARGE,
    ANY | TOO_LARGE | OVERLONG_4, ANY | TOO_LARGE | OVERLONG_4, ANY | TOO_LARGE | OVERLONG_4,
    ANY | TOO_LARGE | OVERLONG_4, ANY | TOO_LARGE | OVERLONG_4, ANY | TOO_LARGE | OVERLONG_4,
    ANY | TOO_LARGE | OVERLONG_4, ANY | TOO_LARGE | OVERLONG_4,
    ANY | TOO_LARGE | OVERLONG_4 | SURROGATE, ANY | TOO_LARGE | OVERLONG_4,
    ANY | TOO_LARGE | OVERLONG_4};

#define CONTINUED (TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS)

static const uint8_t second_high[16] = {
    TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
    CONTINUED | OVERLONG_3 | OVERLONG_4, CONTINUED | OVERLONG_3 | TOO_LARGE,
    CONTINUED | SURROGATE | TOO_LARGE, CONTINUED | SURROGATE | TOO_LARGE,
    TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT};

#define APUS_BODY "decode/valid.body.h"
#include "../for_each_isa.h"

int32_t apus_text_validity(int32_t isa, const uint8_t *text, size_t count) {
  static int32_t (*const by_isa[APUS_TEXT_ISA_COUNT])(const uint8_t *, size_t) =
      APUS_VARIANTS(validity);
  for (int32_t i = isa; i > 0; i--)
    if (by_isa[i]) return by_isa[i](text, count);
  return by_isa[0](text, count);
}
