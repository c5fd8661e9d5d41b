// What the tile interpreters of all instruction sets share.
#ifndef APUS_TILE_PROGRAM_H
#define APUS_TILE_PROGRAM_H

#include "lanes.h"

#define TILE_VECTORS (APUS_TILE_COLUMNS / LANE_COUNT)

// Registers of one row while a program runs over it. Programs name few registers, so that what they
// touch stays in L1 although all of them are 32 KB.
typedef struct tile_state {
  vf tiles[APUS_TILE_REGISTERS][TILE_VECTORS];
  vf partial[APUS_TILE_ROW_REGISTERS];  // lanes of the reductions under way
  float finished[APUS_TILE_ROW_REGISTERS];
} tile_state;

// A place of a loop: the three outer indices, the first column and the columns of a tile.
typedef struct tile_place {
  int64_t outer[APUS_TILE_DIMS - 1];
  int64_t column;
  int64_t count;  // 1 ... APUS_TILE_COLUMNS
} tile_place;

static inline int64_t tile_element_bytes(int32_t type) {
  switch (type) {
    case APUS_BFLOAT16:
    case APUS_FLOAT16: return 2;
    case APUS_BOOL8: return 1;
    default: return 4;
  }
}

// The address of the operand's first element of the tile.
static inline char *tile_address(
    const apus_tile_operand *operand, void *const *buffers, const tile_place *place) {
  int64_t offset = place->column * operand->strides[APUS_TILE_DIMS - 1];
  for (int i = 0; i < APUS_TILE_DIMS - 1; i++) offset += place->outer[i] * operand->strides[i];
  return (char *)buffers[operand->buffer] + offset * tile_element_bytes(operand->type);
}

static inline int tile_is_reduction(int32_t opcode) {
  return opcode >= APUS_TILE_REDUCE_SUM && opcode <= APUS_TILE_REDUCE_MINIMUM;
}

static inline float tile_identity(int32_t opcode) {
  if (opcode == APUS_TILE_REDUCE_SUM) return 0;
  return opcode == APUS_TILE_REDUCE_MAXIMUM ? -__builtin_inff() : __builtin_inff();
}

#endif
