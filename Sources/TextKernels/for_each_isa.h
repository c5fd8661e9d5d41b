// Re-includes one body for every instruction set, so that it is written once:
//
//     #define APUS_BODY "split/split.body.h"   // relative to this folder
//     #include "../for_each_isa.h"
//
// Within a body ISA(name) is the name with the suffix of the instruction set and ISA_LEVEL is its
// number in enum apus_text_isa. What does not depend on the instruction set goes before the
// include.
#include "include/text_kernels.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// The values of enum apus_text_isa, for the preprocessor.
#define APUS_LEVEL_SCALAR 0
#define APUS_LEVEL_AVX2 1
#define APUS_LEVEL_AVX512 2

#define APUS_PASTE_NOW(a, b) a##_##b
#define APUS_PASTE(a, b) APUS_PASTE_NOW(a, b)
#define ISA(name) APUS_PASTE(name, ISA_SUFFIX)

#define ISA_LEVEL APUS_LEVEL_SCALAR
#define ISA_SUFFIX scalar
#include APUS_BODY
#undef ISA_LEVEL
#undef ISA_SUFFIX

#if defined(__x86_64__)

#define ISA_LEVEL APUS_LEVEL_AVX2
#define ISA_SUFFIX avx2
#pragma clang attribute push( \
    __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt"))), apply_to = function)
#include APUS_BODY
#pragma clang attribute pop
#undef ISA_LEVEL
#undef ISA_SUFFIX

#define ISA_LEVEL APUS_LEVEL_AVX512
#define ISA_SUFFIX avx512
#pragma clang attribute push( \
    __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl"))), \
    apply_to = function)
#include APUS_BODY
#pragma clang attribute pop
#undef ISA_LEVEL
#undef ISA_SUFFIX

#define APUS_VARIANTS(name) {name##_scalar, name##_avx2, name##_avx512}

#else

#define APUS_VARIANTS(name) {name##_scalar, NULL, NULL}

#endif

#undef APUS_BODY
