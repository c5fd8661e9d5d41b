// Tile programs: fused elementwise loops and matmul epilogues.
//
// A tile is up to 256 columns of one row. An instruction runs over the whole tile before the next
// one begins, so that its dispatch (a few nanoseconds) is shared by 16 vectors; the registers in
// between stay in L1. Bytes moved are those of the loads and stores of the program, operations
// those of its instructions.
//
// Elements never depend on their place: every lane runs the same operations, tails are computed in
// full vectors whose further lanes are not stored. Reductions have 16 lanes (column modulo 16),
// columns ascending, and the fixed tree, whatever the tile size. Threads split rows; a program
// without reductions is split by tiles, so that a single long row occupies all threads.
//
// int32 operands are computed as float32: exact up to 2^24 in magnitude. Stores to int32 truncate
// toward zero and saturate (NaN gives the least int32); stores to bool8 write 1 where the value is
// not 0.
#include "tile_program.h"

#define APUS_BODY "elementwise/tile_program.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_tile_loop = APUS_VARIANTS(tile_loop);

void apus_tile_program_run(
    const apus_tile_program *program, void *const *buffers, int32_t isa, int64_t first_row,
    int64_t last_row, int64_t first_column, int64_t last_column) {
  switch (isa) {
#if defined(__x86_64__)
    case APUS_ISA_AVX512:
    case APUS_ISA_AVX512_BF16:
      tile_program_run_avx512(program, buffers, first_row, last_row, first_column, last_column);
      break;
    case APUS_ISA_AVX2:
      tile_program_run_avx2(program, buffers, first_row, last_row, first_column, last_column);
      break;
#endif
    default:
      tile_program_run_scalar(program, buffers, first_row, last_row, first_column, last_column);
  }
}
