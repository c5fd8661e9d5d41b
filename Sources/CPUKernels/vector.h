// Sixteen float32 or int32 lanes: one zmm register, two ymm registers, or a plain array. Included
// by for_each_isa.h once per instruction set; every operation gives the same bits on all of them.
//
//     f32x16, i32x16, m16 (one truth value per lane)
//
// Reductions add in one tree: lane l + lane l+8, then +4, +2, +1. `max(a, b)` is a > b ? a : b and
// `min(a, b)` is a < b ? a : b, lane by lane, so b where either is NaN. `_part` operations touch
// the first n lanes only (n may be 0 or less, and 16 or more), the others read as zero.

// Every name carries the suffix of its instruction set.
#ifndef APUS_VECTOR_NAMES
#define APUS_VECTOR_NAMES
#define f32x16 ISA(f32x16)
#define i32x16 ISA(i32x16)
#define m16 ISA(m16)
#define f32x16_splat ISA(f32x16_splat)
#define f32x16_load ISA(f32x16_load)
#define f32x16_store ISA(f32x16_store)
#define f32x16_load_part ISA(f32x16_load_part)
#define f32x16_store_part ISA(f32x16_store_part)
#define f32x16_load_bf16 ISA(f32x16_load_bf16)
#define f32x16_load_f16 ISA(f32x16_load_f16)
#define f32x16_load_bf16_part ISA(f32x16_load_bf16_part)
#define f32x16_load_f16_part ISA(f32x16_load_f16_part)
#define f32x16_store_bf16 ISA(f32x16_store_bf16)
#define f32x16_store_f16 ISA(f32x16_store_f16)
#define f32x16_store_bf16_part ISA(f32x16_store_bf16_part)
#define f32x16_store_f16_part ISA(f32x16_store_f16_part)
#define f32x16_add ISA(f32x16_add)
#define f32x16_sub ISA(f32x16_sub)
#define f32x16_mul ISA(f32x16_mul)
#define f32x16_div ISA(f32x16_div)
#define f32x16_max ISA(f32x16_max)
#define f32x16_min ISA(f32x16_min)
#define f32x16_fma ISA(f32x16_fma)
#define f32x16_sqrt ISA(f32x16_sqrt)
#define f32x16_floor ISA(f32x16_floor)
#define f32x16_truncate ISA(f32x16_truncate)
#define f32x16_round ISA(f32x16_round)
#define f32x16_abs ISA(f32x16_abs)
#define f32x16_negate ISA(f32x16_negate)
#define f32x16_less ISA(f32x16_less)
#define f32x16_less_equal ISA(f32x16_less_equal)
#define f32x16_equal ISA(f32x16_equal)
#define f32x16_select ISA(f32x16_select)
#define f32x16_from_i32 ISA(f32x16_from_i32)
#define f32x16_from_bits ISA(f32x16_from_bits)
#define f32x16_reduce_add ISA(f32x16_reduce_add)
#define f32x16_reduce_max ISA(f32x16_reduce_max)
#define f32x16_reduce_min ISA(f32x16_reduce_min)
#define i32x16_splat ISA(i32x16_splat)
#define i32x16_load ISA(i32x16_load)
#define i32x16_store ISA(i32x16_store)
#define i32x16_from_f32 ISA(i32x16_from_f32)
#define i32x16_from_bits ISA(i32x16_from_bits)
#define i32x16_add ISA(i32x16_add)
#define i32x16_sub ISA(i32x16_sub)
#define i32x16_mul ISA(i32x16_mul)
#define i32x16_and ISA(i32x16_and)
#define i32x16_or ISA(i32x16_or)
#define i32x16_xor ISA(i32x16_xor)
#define i32x16_shift_left ISA(i32x16_shift_left)
#define i32x16_shift_right ISA(i32x16_shift_right)
#define i32x16_equal ISA(i32x16_equal)
#define i32x16_less ISA(i32x16_less)
#define m16_and ISA(m16_and)
#define m16_or ISA(m16_or)
#define m16_not ISA(m16_not)
#define m16_any ISA(m16_any)
#endif

#include "scalar_numbers.h"

#if ISA_LEVEL >= APUS_LEVEL_AVX512
#include "vector_avx512.h"
#elif ISA_LEVEL == APUS_LEVEL_AVX2
#include "vector_avx2.h"
#else
#include "vector_scalar.h"
#endif
