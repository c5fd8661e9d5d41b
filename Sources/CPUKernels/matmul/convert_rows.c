// Activations in the form that a weight format's order names.
//
// To int8 (for q8_0, q4_0, q4_1), per row and block of 32 elements, K being a multiple of 32:
//   d = amax / 127 in f32; q = x / d, rounded to nearest even; sum = sum of q
// A block of zeros (or so small that d underflows) has d = 0 and q = 0. A block with an infinity or
// a NaN has q = 0 and that as d, so that every output it takes part in is NaN instead of plausible.
//
// Blocks of all rows lie together, so that a tile of rows reads consecutive lines and rows of a
// power of two do not compete for the same sets of L1:
//
//     q      [K/32][rows][32]   | row 0, block 0 | row 1, block 0 | ... | row 0, block 1 | ...
//     d, sum [K/32][rows]
//
// To bfloat16: rounded to nearest even, row-major [rows, Kp], Kp = K rounded up to 32, padded with
// zeros.
//
// Bytes: 4 K rows read, 1.25 K or 2 K rows written; a few operations for each. Threads take
// contiguous parts of the result (two that write alternate rows would share its cache lines).
#include "matmul_split.h"

#define APUS_BODY "matmul/convert_rows.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_quantize_rows_q8 = APUS_VARIANTS(quantize_rows_q8);
const apus_kernel_variants apus_convert_rows_bf16 = APUS_VARIANTS(convert_rows_bf16);
