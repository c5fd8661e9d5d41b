// Re-includes one kernel body for every instruction set, so that a kernel is written once:
//
//     #define APUS_BODY "norm/rms_norm.body.h"   // relative to this folder
//     #include "../for_each_isa.h"
//     const apus_kernel_variants apus_rms_norm = APUS_VARIANTS(rms_norm);
//
// Within a body `ISA(name)` is the name with the suffix of the instruction set, ISA_LEVEL is one of
// the APUS_LEVEL_ constants, and vector.h has just been included for it. What does not depend on
// the instruction set goes into the .c file, before this include.
//
// Results must be the same bits on every instruction set and for every place in a batch, so nothing
// is contracted or reassociated: fused multiply-adds are written out.
#include "include/cpu_kernels.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#pragma STDC FP_CONTRACT OFF

// The values of enum apus_isa, for the preprocessor.
#define APUS_LEVEL_SCALAR 0
#define APUS_LEVEL_AVX2 1
#define APUS_LEVEL_AVX512 2
#define APUS_LEVEL_AVX512_BF16 3

#define APUS_PASTE_NOW(a, b) a##_##b
#define APUS_PASTE(a, b) APUS_PASTE_NOW(a, b)
#define ISA(name) APUS_PASTE(name, ISA_SUFFIX)
#define APUS_INLINE static inline __attribute__((always_inline, unused))

#define ISA_LEVEL APUS_LEVEL_SCALAR
#define ISA_SUFFIX scalar
#include "vector.h"
#include APUS_BODY
#undef ISA_LEVEL
#undef ISA_SUFFIX

#if defined(__x86_64__)

#define ISA_LEVEL APUS_LEVEL_AVX2
#define ISA_SUFFIX avx2
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,bmi,bmi2"))), apply_to = function)
#include "vector.h"
#include APUS_BODY
#pragma clang attribute pop
#undef ISA_LEVEL
#undef ISA_SUFFIX

#define APUS_TARGET_AVX512 \
  "avx2,fma,f16c,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"

#define ISA_LEVEL APUS_LEVEL_AVX512
#define ISA_SUFFIX avx512
#pragma clang attribute push(__attribute__((target(APUS_TARGET_AVX512))), apply_to = function)
#include "vector.h"
#include APUS_BODY
#pragma clang attribute pop
#undef ISA_LEVEL
#undef ISA_SUFFIX

#define ISA_LEVEL APUS_LEVEL_AVX512_BF16
#define ISA_SUFFIX avx512_bf16
#pragma clang attribute push( \
    __attribute__((target(APUS_TARGET_AVX512 ",avx512bf16"))), apply_to = function)
#include "vector.h"
#include APUS_BODY
#pragma clang attribute pop
#undef ISA_LEVEL
#undef ISA_SUFFIX

#define APUS_VARIANTS(name) \
  {#name, {name##_scalar, name##_avx2, name##_avx512, name##_avx512_bf16}}

#else

#define APUS_VARIANTS(name) {#name, {name##_scalar, NULL, NULL, NULL}}

#endif

#undef APUS_BODY
