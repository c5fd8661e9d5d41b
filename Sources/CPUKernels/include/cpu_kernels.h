// CPU kernels of Apus: the contract between plans and kernels.
//
// Every kernel has one signature. A plan holds a flat array of launches; each worker thread of the
// team calls the kernel of a launch with the same arguments and its own `apus_worker`, and the team
// meets at a barrier after each launch. Kernels share work by static ranges or by the launch's
// counter; threads split outputs, never a sum.
//
// Each prototype states what buffers[], sizes[] and scalars[] mean. Buffers are inputs first, then
// outputs. Activations are float32, row-major; ids and positions are int32.
#ifndef APUS_CPU_KERNELS_H
#define APUS_CPU_KERNELS_H

#include <stdint.h>

#define APUS_KERNEL_BUFFERS 24
#define APUS_KERNEL_SIZES 24
#define APUS_KERNEL_SCALARS 12
#define APUS_KERNEL_PROGRAMS 4

#ifdef __cplusplus
extern "C" {
#endif

// Instruction sets that a kernel body is compiled for.
enum apus_isa {
  APUS_ISA_SCALAR = 0,
  APUS_ISA_AVX2 = 1,    // AVX2, FMA, F16C
  APUS_ISA_AVX512 = 2,  // AVX-512 F, BW, DQ, VL, with VNNI
  APUS_ISA_AVX512_BF16 = 3,  // and BF16
  APUS_ISA_COUNT = 4
};

// The best of the above that this machine runs.
int32_t apus_isa_best(void);

// What one thread of the team knows while it runs a launch.
typedef struct apus_worker {
  int32_t index;          // 0 ..< count
  int32_t count;          // threads in the team
  void *scratch;          // this thread's own memory, 64-byte aligned
  int64_t scratch_bytes;  // at least APUS_WORKER_SCRATCH_BYTES
  int64_t *counter;       // shared by the team, 0 at the start of a launch; add to it atomically
} apus_worker;

#define APUS_WORKER_SCRATCH_BYTES (4 << 20)

// ---- Tile programs: fused elementwise loops and matmul epilogues ----

enum apus_tile_opcode {
  APUS_TILE_LOAD,      // d = operand[first] at this place
  APUS_TILE_STORE,     // operand[first] at this place = second
  APUS_TILE_CONSTANT,  // d = immediate
  APUS_TILE_COLUMN,    // d = the column index, as float
  // one operand: d = f(first)
  APUS_TILE_NEGATE, APUS_TILE_ABSOLUTE, APUS_TILE_EXP, APUS_TILE_LOG, APUS_TILE_SQRT,
  APUS_TILE_RECIPROCAL_SQRT, APUS_TILE_RECIPROCAL, APUS_TILE_TANH, APUS_TILE_ERF,
  APUS_TILE_SIGMOID, APUS_TILE_SIN, APUS_TILE_COS, APUS_TILE_FLOOR, APUS_TILE_NOT,
  APUS_TILE_TRUNCATE,  // float to int32 value, kept as float
  // two operands: d = f(first, second); predicates give 1 or 0
  APUS_TILE_ADD, APUS_TILE_SUBTRACT, APUS_TILE_MULTIPLY, APUS_TILE_DIVIDE, APUS_TILE_MAXIMUM,
  APUS_TILE_MINIMUM, APUS_TILE_POWER, APUS_TILE_REMAINDER, APUS_TILE_EQUAL, APUS_TILE_LESS,
  APUS_TILE_LESS_OR_EQUAL, APUS_TILE_AND, APUS_TILE_OR,
  APUS_TILE_SELECT,  // d = first != 0 ? second : third
  // reductions over the columns of a row; d is a row register, read by later stages as a splat
  APUS_TILE_REDUCE_SUM, APUS_TILE_REDUCE_MAXIMUM, APUS_TILE_REDUCE_MINIMUM,
  APUS_TILE_SPLAT,  // d = row register [first], as set by an earlier stage
  APUS_TILE_OPCODES
};

enum apus_element_type {
  APUS_FLOAT32 = 0, APUS_INT32 = 1, APUS_BFLOAT16 = 2, APUS_FLOAT16 = 3, APUS_BOOL8 = 4
};

typedef struct apus_tile_instruction {
  int32_t opcode;
  int32_t destination;  // register 0 ..< APUS_TILE_REGISTERS (or row register, for reductions)
  int32_t first, second, third;
  float immediate;
} apus_tile_instruction;

#define APUS_TILE_REGISTERS 32   // tiles of APUS_TILE_COLUMNS floats
#define APUS_TILE_ROW_REGISTERS 8
#define APUS_TILE_COLUMNS 256
#define APUS_TILE_DIMS 4         // three outer dimensions (the rows) and the columns

// Where a value lies: base = buffers[buffer], element strides for the 4 loop dimensions
// (0 where it is broadcast). Everything is computed in float32, so int32 is exact up to 2^24;
// stores round 16-bit floats to nearest even, truncate and saturate to int32, and write bool8 as
// whether it is not 0.
typedef struct apus_tile_operand {
  int32_t buffer;
  int32_t type;  // apus_element_type
  int64_t strides[APUS_TILE_DIMS];
} apus_tile_operand;

// A fused loop: for every row (the three outer dimensions), stage by stage, tile by tile along the
// columns. Reductions of a stage are complete when the next stage begins.
typedef struct apus_tile_program {
  const apus_tile_instruction *instructions;
  int32_t instruction_count;
  int32_t stage_count;
  const int32_t *stage_ends;  // [stage_count], instruction index one past each stage
  const apus_tile_operand *operands;
  int32_t operand_count;
} apus_tile_program;

// ---- Arguments ----

typedef struct apus_kernel_arguments {
  void *buffers[APUS_KERNEL_BUFFERS];
  int64_t sizes[APUS_KERNEL_SIZES];
  float scalars[APUS_KERNEL_SCALARS];
  const apus_tile_program *programs[APUS_KERNEL_PROGRAMS];
} apus_kernel_arguments;

typedef void (*apus_kernel)(const apus_kernel_arguments *arguments, const apus_worker *worker);

// A kernel for each instruction set; a missing one is NULL and the next lower is used.
typedef struct apus_kernel_variants {
  const char *name;
  apus_kernel by_isa[APUS_ISA_COUNT];
} apus_kernel_variants;

// The body for `isa`, or the nearest lower one that exists.
apus_kernel apus_kernel_for(const apus_kernel_variants *variants, int32_t isa);

// ---- Kernels ----
//
// x: float32 activations. Weights are read in the layout of their file; up to 64 bytes past a
// weight's end may be read (the loader maps a tail), never written. "rows" is the number of tokens
// of the step, which may be 0.

// Activation conversions, once per row; K is padded with zeros to Kp = a multiple of 32.
// buffers: x [rows, K] | q int8 [Kp/32, rows, 32], scales float32 [Kp/32, rows],
//          sums int32 [Kp/32, rows]
// sizes: rows, K
extern const apus_kernel_variants apus_quantize_rows_q8;
// buffers: x [rows, K] | y bfloat16 [rows, Kp]; sizes: rows, K
extern const apus_kernel_variants apus_convert_rows_bf16;

// Matmul of one activation with up to 4 weights ("segments") of one format: out_s = x W_s^T, W_s
// [N_s, K].
// buffers[0..2]: the converted activation (bf16: y; 8-bit: q, scales, sums; f32 and f16: x itself,
// unpadded)
// buffers[3 + 2s]: weight of segment s; buffers[4 + 2s]: out_s float32 [rows, N_s]
// buffers[11...]: further operands of the epilogues
// sizes: [0] rows, [1] K, [2] segments, [4 + s] N_s, [8 + s] row stride of out_s in floats
// programs[s]: NULL, or a one-stage tile program run in place over each finished tile of out_s
// while it is in L1; its loop dimensions are (1, 1, row, column), and it loads and stores out_s as
// an operand.
extern const apus_kernel_variants apus_matmul_f32;
extern const apus_kernel_variants apus_matmul_f16;
extern const apus_kernel_variants apus_matmul_bf16;
extern const apus_kernel_variants apus_matmul_q8_0;
extern const apus_kernel_variants apus_matmul_q4_0;
extern const apus_kernel_variants apus_matmul_q4_1;

// Rows of a table. buffers: weight [n, columns], ids int32 [rows] | out float32 [rows, columns]
// sizes: rows, columns, n (ids outside 0 ..< n give a row of zeros)
extern const apus_kernel_variants apus_embedding_f32;
extern const apus_kernel_variants apus_embedding_f16;
extern const apus_kernel_variants apus_embedding_bf16;
extern const apus_kernel_variants apus_embedding_q8_0;
extern const apus_kernel_variants apus_embedding_q4_0;
extern const apus_kernel_variants apus_embedding_q4_1;

// y = x / sqrt(mean(x^2) + epsilon) * weight. buffers: x, weight float32 [columns] | y
// sizes: rows, columns; scalars: epsilon
extern const apus_kernel_variants apus_rms_norm;
// y = (x - mean) / sqrt(variance + epsilon) * weight + bias. buffers: x, weight, bias (or NULL) | y
// sizes: rows, columns; scalars: epsilon
extern const apus_kernel_variants apus_layer_norm;
// Softmax along the columns. buffers: x | y; sizes: rows, columns
extern const apus_kernel_variants apus_softmax;
// y = activation(gate) * up. buffers: gate, up | y; sizes: rows, columns, kind (0 SiLU, 1 GELU by
// tanh, 2 GELU by erf), row stride of gate, of up
extern const apus_kernel_variants apus_gated_activation;

// Rotates pairs of the first `rotary` elements of each head by position * inverse_frequency (one
// float32 product, as the reference does), cos and sin times `factor`; the rest is copied.
// buffers: x [tokens, heads, head], positions int32 [tokens], 
//          inverse_frequencies float32 [rotary/2] | y
// sizes: tokens, heads, head, rotary, pairing (0: (i, i + rotary/2); 1: (2i, 2i + 1))
// scalars: factor
extern const apus_kernel_variants apus_rotary;

// Writes rows into pages [pages, heads, page, head]; slot s is page s / page, place s % page;
// negative slots are skipped.
// buffers: value float32 [tokens, heads, head], slots int32 [tokens], state
// sizes: tokens, heads, head, page, element type of the state (apus_element_type)
extern const apus_kernel_variants apus_store_pages;

// Causal attention over pages with grouped heads and online softmax; token t sees positions 0 ...
// position[t] of its request. Keys are walked in blocks at fixed absolute positions and merged in
// order, so that the result does not depend on batch, chunking or threads.
// buffers: q [tokens, heads, head], keys, values (states), positions int32 [tokens],
//          request_of_token int32 [tokens], page_table int32 [requests, pages_per_request]
//          | out as q
// sizes: tokens, heads, kv_heads, head, page, pages_per_request, element type of the states
// scalars: scale
extern const apus_kernel_variants apus_paged_attention;

// Draws one token per row. Temperature 0: the greatest logit, lower id first among equals; NaN
// counts as -infinity. Otherwise, with p = softmax(logits / temperature) sorted in descending
// order (lower id first among equals): keep index < top_k (0: all), keep where the sum of p before
// it < top_p, keep p >= min_p * p[0]; then the first kept entry, in that order, whose running sum
// of p exceeds u * (sum of kept p), where u is the `random` primitive of (seeds, counter):
// Philox-4x32-10, key = seeds, counter = (counter, 0, 0, 0), the first word's high 24 bits times
// 2^-24. At least one token is kept.
// buffers: logits [rows, n], temperature float32 [rows], top_k int32 [rows], top_p float32 [rows],
//          min_p float32 [rows], seeds int32 [rows, 2], counters int32 [rows] | token int32 [rows]
// sizes: rows, n (at most APUS_SAMPLE_COLUMNS: what a worker's scratch holds)
#define APUS_SAMPLE_COLUMNS 344064
extern const apus_kernel_variants apus_sample;

// A fused loop: programs[0] over sizes [0..3] (three outer dimensions, columns), operands in
// buffers[].
extern const apus_kernel_variants apus_tile_loop;
// Runs a one-stage program over rows first_row ..< last_row and columns first_column ..<
// last_column of the loop dimensions (1, 1, row, column): what matmuls call for their epilogues.
void apus_tile_program_run(
    const apus_tile_program *program, void *const *buffers, int32_t isa, int64_t first_row,
    int64_t last_row, int64_t first_column, int64_t last_column);

#ifdef __cplusplus
}
#endif
#endif
