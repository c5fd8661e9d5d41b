// Matmul with weights in f32, f16 or bf16, all read as they lie in their file: W [N, K], row-major.
//
//     out[r, n] = sum over k of x[r, k] W[n, k]
//
// Bytes: every weight once (2 or 4 K N), activations and outputs. Operations: 2 rows N K. With one
// row the time is that of reading the weights; from about 8 rows (f32) to 16 rows (bf16) on it is
// arithmetic.
//
// The order of one output, whatever the rows, threads, segments and instruction set:
//   f32, f16  16 lanes from 0; lane l: acc = fma(x[16j+l], w[16j+l], acc) for j = 0, 1, ...
//   bf16      16 lanes from 0; lane l: acc = fma(x[32j+2l+1], w[32j+2l+1], acc), then
//             acc = fma(x[32j+2l], w[32j+2l], acc). This is what vdpbf16ps does; it takes denormal
//             operands and results for zero, so every instruction set runs with those modes.
// The lanes are added in the tree of vector.h. A remainder of K is padded with zeros in both
// operands.
//
// Tiles. An accumulator holds one native vector, 16 lanes (AVX-512) or a half of them (AVX2, which
// goes over a chunk of K twice, for the low and the high half). A tile of R rows x C columns loads
// R + C operands for R C multiply-adds, and two loads go with two multiply-adds a cycle, so R C
// must well exceed R + C:
//   AVX-512    4 x 6 = 24 accumulators + 4 + 1 operands of 32 registers   10 loads for 24
//   AVX2 f32   3 x 4 = 12 accumulators + 3 + 1 operands of 16 registers    7 loads for 12
//   AVX2 rest  2 x 5 = 10 accumulators + 2 + 1 operands, the rest to widen them
// A 3 x 4 tile of bf16 or f16 spills its sums: .55 of the multiply-add peak on Zen 3, against .88
// of 2 x 5. One row takes all lanes in one pass, so that each line of the weights is touched once.
//
// Blocks. A chunk of K is 4 KB of each weight row: C rows of it (16 or 24 KB) stay in L1 while all
// rows of a block of activations pass, and between chunks the sums of the block wait in scratch (16
// floats an output, which keeps the order). A block of rows is as many as fill X_BLOCK_BYTES, half
// of a small L2, and at most 96 (so its sums take at most 96 x 6 x 64 bytes = 36 KB), so that it is
// read from L2 for every C columns.
#ifndef APUS_MATMUL_FLOAT_H
#define APUS_MATMUL_FLOAT_H

#include "matmul_split.h"

#include <stdint.h>

#define APUS_MATMUL_F32 0
#define APUS_MATMUL_F16 1
#define APUS_MATMUL_BF16 2

#define X_BLOCK_BYTES (256 << 10)
#define BLOCK_ROWS 96

// STEP: elements of K that one multiply-add of every lane covers. CHUNK: elements between two
// spills.
#if APUS_MATMUL_FORMAT == APUS_MATMUL_BF16
typedef uint16_t x_element;
typedef uint16_t w_element;
#define STEP 32
#define CHUNK 2048
#define X_STRIDE(inner) (((inner) + 31) / 32 * 32)
#define FLUSHES_DENORMALS 1
#else
typedef float x_element;
#if APUS_MATMUL_FORMAT == APUS_MATMUL_F16
typedef uint16_t w_element;
#else
typedef float w_element;
#endif
#define STEP 16
#define CHUNK 1024
#define X_STRIDE(inner) (inner)
#define FLUSHES_DENORMALS 0
#endif

// The operands of a tile: at most 4 rows x 6 columns.
typedef struct apus_float_tile {
  const x_element *x[4];
  const w_element *w[6];
  float *sums[4][6];           // 16 lanes each
  int64_t prefetch_elements;   // how far ahead the weights are fetched; 0: not at all
  int64_t has_tail;            // whether the padded rest of K follows
  x_element x_tail[4][STEP];
  w_element w_tail[6][STEP];
} apus_float_tile;

#if defined(__x86_64__)
#include <immintrin.h>
// Denormal operands and results count as zero until the modes are restored; returns the modes.
static inline uint32_t apus_flush_denormals(void) {
  uint32_t modes = _mm_getcsr();
  _mm_setcsr(modes | 0x8040);
  return modes;
}
static inline void apus_restore_modes(uint32_t modes) { _mm_setcsr(modes); }
#elif defined(__aarch64__)
static inline uint32_t apus_flush_denormals(void) {
  uint64_t modes;
  __asm__ volatile("mrs %0, fpcr" : "=r"(modes));
  __asm__ volatile("msr fpcr, %0" : : "r"(modes | (1u << 24)));
  return (uint32_t)modes;
}
static inline void apus_restore_modes(uint32_t modes) {
  __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)modes));
}
#else
static inline uint32_t apus_flush_denormals(void) { return 0; }
static inline void apus_restore_modes(uint32_t modes) { (void)modes; }
#endif

#endif
