// Matmul with weights in q8_0, q4_0 or q4_1, read as they lie in a GGUF file: rows of K/32 blocks.
//
//     q8_0  34 bytes  | f16 d | int8 q[32]                       |   w[k] = d q[k]
//     q4_0  18 bytes  | f16 d | 16 bytes n                       |   w[k] = d (nibble[k] - 8)
//     q4_1  20 bytes  | f16 d | f16 m | 16 bytes n               |   w[k] = d nibble[k] + m
//     nibble[k] = n[k] & 15 for k < 16, n[k - 16] >> 4 for k >= 16
//
// Activations are int8 with a scale dx and a sum for every row and block: see convert_rows.c.
//
// Bytes: every weight once (1.06, 0.56 or 0.63 K N). Operations: 2 rows N K in int8, and for each
// block one conversion, one product of scales and one multiply-add (two for q4_1).
//
// The order of one output, whatever the rows, threads, segments and instruction set: y = 0, then
// for the blocks of K in turn, with I = sum over the block of x times (q, nibble - 8, or nibble),
// an exact integer below 2^24:
//     q8_0, q4_0   y = fma(float(I), d * dx, y)                            (d * dx rounded to f32)
//     q4_1         y = fma(float(I), d * dx, y); y = fma(float(sum), m * dx, y)
//
// Integer products. VNNI multiplies unsigned by signed bytes: q8_0 is taken as q + 128, and 128
// sum(x) is taken off again (for q4_0: 8 sum(x)). AVX2 adds pairs of such products in 16 bits: 15 x
// 127 x 2 x 8 stays below 2^15, so nibbles add up a whole block there; q8_0 multiplies |q| by x
// with the sign of q, since 128 x 127 x 2 does not saturate where 255 x 127 x 2 would, and widens
// every pair.
//
// Lanes = outputs. The blocks of 8 weight rows are transposed in registers (8 shuffles for nibbles,
// 16 for q8_0), so that a vector holds 4 bytes of k for each of 8 outputs; activations are
// broadcast 4 bytes at a time, and nothing is added across lanes. Lanes along k would need a tree
// of adds for every block and the sums of blocks kept until 8 rows are there: about 17 operations a
// block of nibbles instead of 10 (measured: 11 and 16.7 GB/s from memory, with q8_0 19 and 24).
//
// One row: 8 weight rows at a time, used as they are transposed. Eight interleaved streams are too
// many for the hardware prefetchers, so the same place of the next 8 rows is fetched by
// instruction.
//
// More rows: 16 outputs x 8 blocks are transposed into a panel (5 KB) that all rows use:
//
//     group of 4 k:   | output 0: k..k+3 | output 1: k..k+3 | ... | output 15 |   64 bytes
//     block:          | group 0 | ... | group 7 | 16 scales | 16 minimums (q4_1) |
//
// Making it costs what 25 to 30 rows cost, so with many rows the panel is made for all of K once
// (640 bytes x K/32, 160 KB at K = 8192: in L2) and reused for every block of rows.
// Tile: AVX2 4 rows x 16 outputs = 8 accumulators, 2 + 4 operands and ones of 16 registers; AVX-512
// 8 rows x 32 outputs = 16 accumulators of 32, 2 loads and 8 broadcasts for 16 products, and 16
// independent chains hide the latency of vpdpbusd (4 to 5 cycles). Sums y of a block of 128 rows
// stay in scratch (8 or 16 KB), beside 8 blocks of a panel and the activations that pass (4 KB for
// 4 x 8 x 128).
#ifndef APUS_MATMUL_QUANTIZED_H
#define APUS_MATMUL_QUANTIZED_H

#include "../scalar_numbers.h"
#include "matmul_split.h"

#define APUS_MATMUL_Q8_0 0
#define APUS_MATMUL_Q4_0 1
#define APUS_MATMUL_Q4_1 2

#if APUS_MATMUL_FORMAT == APUS_MATMUL_Q8_0
#define BLOCK_BYTES 34
#define QUANTS_AT 2
#elif APUS_MATMUL_FORMAT == APUS_MATMUL_Q4_0
#define BLOCK_BYTES 18
#define QUANTS_AT 2
#else
#define BLOCK_BYTES 20
#define QUANTS_AT 4
#endif
#define HAS_MINIMUM (APUS_MATMUL_FORMAT == APUS_MATMUL_Q4_1)

#define PANEL_OUTPUTS 16
#define CHUNK_BLOCKS 8    // blocks that are unpacked and used together
#define BLOCK_ROWS 128    // rows whose sums stay in scratch
#define GROUP_ROWS 8      // weight rows that one row's kernel takes together

// One block of K of 16 outputs.
typedef struct apus_panel {
  uint8_t quants[8][PANEL_OUTPUTS][4];
  float scales[PANEL_OUTPUTS];
#if HAS_MINIMUM
  float minimums[PANEL_OUTPUTS];
#endif
} apus_panel;

// Converted activations of all rows.
typedef struct apus_q8_rows {
  const int8_t *q;
  const float *scales;
  const int32_t *sums;
  int64_t rows, blocks;
} apus_q8_rows;

static inline apus_q8_rows apus_q8_rows_of(const apus_matmul *matmul) {
  void *const *buffers = matmul->arguments->buffers;
  return (apus_q8_rows){buffers[0], buffers[1], buffers[2], matmul->rows, matmul->inner / 32};
}

static inline uint16_t apus_load_u16(const uint8_t *p) {
  uint16_t value;
  memcpy(&value, p, 2);
  return value;
}

#endif
