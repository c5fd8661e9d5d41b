// Rows of a table of weights, decoded to float32: out[r] = table[ids[r]]. An id outside the table
// gives zeros.
//
// Bytes: each row once (4, 2, 1.06, 0.56 or 0.63 a column), 4 written. One conversion and at most
// two operations a number, so the time is memory's. Every decoded number is exact but for q4_1,
// whose d x nibble (exact: 11 + 4 bits) is added to m with one rounding. Block layouts:
// ../matmul/matmul_quantized.h.
//
// Threads take contiguous parts of the result, in units of 32 columns of a row.
#ifndef APUS_EMBEDDING_H
#define APUS_EMBEDDING_H

#define APUS_EMBEDDING_F32 0
#define APUS_EMBEDDING_F16 1
#define APUS_EMBEDDING_BF16 2
#define APUS_EMBEDDING_Q8_0 3
#define APUS_EMBEDDING_Q4_0 4
#define APUS_EMBEDDING_Q4_1 5

#if APUS_EMBEDDING_FORMAT == APUS_EMBEDDING_F32
#define UNIT_BYTES 128
#elif APUS_EMBEDDING_FORMAT == APUS_EMBEDDING_Q8_0
#define UNIT_BYTES 34
#elif APUS_EMBEDDING_FORMAT == APUS_EMBEDDING_Q4_0
#define UNIT_BYTES 18
#elif APUS_EMBEDDING_FORMAT == APUS_EMBEDDING_Q4_1
#define UNIT_BYTES 20
#else
#define UNIT_BYTES 64
#endif
#define IS_QUANTIZED (APUS_EMBEDDING_FORMAT >= APUS_EMBEDDING_Q8_0)

#endif
