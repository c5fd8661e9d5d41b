#include "lanes.body.h"
#include "math.body.h"
#include "tile_memory.body.h"

#define ONES (vf)1.0f
#define NONE (vf)0.0f

#define UNARY(opcode, expression) \
  case APUS_TILE_##opcode: \
    for (int64_t v = 0; v < vectors; v++) { \
      vf a = first[v]; \
      to[v] = (expression); \
    } \
    break;

#define BINARY(opcode, expression) \
  case APUS_TILE_##opcode: \
    for (int64_t v = 0; v < vectors; v++) { \
      vf a = first[v], b = second[v]; \
      to[v] = (expression); \
    } \
    break;

// d = f(first), over the vectors of a tile.
static void ISA(tile_unary)(int32_t opcode, vf *to, const vf *first, int64_t vectors) {
  vf sine, cosine;
  switch (opcode) {
    UNARY(NEGATE, -a)
    UNARY(ABSOLUTE, __builtin_elementwise_abs(a))
    UNARY(EXP, ISA(exp)(a))
    UNARY(LOG, ISA(log)(a))
    UNARY(SQRT, __builtin_elementwise_sqrt(a))
    UNARY(RECIPROCAL_SQRT, 1.0f / __builtin_elementwise_sqrt(a))
    UNARY(RECIPROCAL, 1.0f / a)
    UNARY(TANH, ISA(tanh)(a))
    UNARY(ERF, ISA(erf)(a))
    UNARY(SIGMOID, ISA(sigmoid)(a))
    UNARY(SIN, (ISA(sine_cosine)(a, &sine, &cosine), sine))
    UNARY(COS, (ISA(sine_cosine)(a, &sine, &cosine), cosine))
    UNARY(FLOOR, __builtin_elementwise_floor(a))
    UNARY(NOT, a == 0.0f ? ONES : NONE)
    UNARY(TRUNCATE, __builtin_elementwise_trunc(a))
  }
}

// d = f(first, second), over the vectors of a tile.
static void ISA(tile_binary)(
    int32_t opcode, vf *to, const vf *first, const vf *second, int64_t vectors) {
  switch (opcode) {
    BINARY(ADD, a + b)
    BINARY(SUBTRACT, a - b)
    BINARY(MULTIPLY, a * b)
    BINARY(DIVIDE, a / b)
    BINARY(MAXIMUM, ISA(maximum)(a, b))
    BINARY(MINIMUM, ISA(minimum)(a, b))
    BINARY(POWER, ISA(power)(a, b))
    BINARY(REMAINDER, ISA(remainder)(a, b))
    BINARY(EQUAL, a == b ? ONES : NONE)
    BINARY(LESS, a < b ? ONES : NONE)
    BINARY(LESS_OR_EQUAL, a <= b ? ONES : NONE)
    BINARY(AND, ((a != 0.0f) & (b != 0.0f)) ? ONES : NONE)
    BINARY(OR, ((a != 0.0f) | (b != 0.0f)) ? ONES : NONE)
  }
}

#undef UNARY
#undef BINARY
#undef ONES
#undef NONE

// Adds a tile to the lanes of a row's reduction; lanes beyond the columns do not count.
static void ISA(tile_reduce)(int32_t opcode, vf *partial, const vf *first, int64_t count) {
  float identity = tile_identity(opcode);
  for (int64_t j = 0; j < count; j += LANE_COUNT) {
    vf x = ISA(keep)(first[j / LANE_COUNT], count - j, identity);
    if (opcode == APUS_TILE_REDUCE_SUM)
      *partial += x;
    else if (opcode == APUS_TILE_REDUCE_MAXIMUM)
      *partial = ISA(maximum)(*partial, x);
    else
      *partial = ISA(minimum)(*partial, x);
  }
}

static void ISA(tile_instruction)(
    const apus_tile_program *program, const apus_tile_instruction *i, void *const *buffers,
    const tile_place *place, tile_state *state) {
  int64_t vectors = apus_round_up(place->count) / LANE_COUNT;
  if (i->opcode >= APUS_TILE_NEGATE && i->opcode <= APUS_TILE_TRUNCATE) {
    ISA(tile_unary)(i->opcode, state->tiles[i->destination], state->tiles[i->first], vectors);
    return;
  }
  if (i->opcode >= APUS_TILE_ADD && i->opcode <= APUS_TILE_OR) {
    ISA(tile_binary)(
        i->opcode, state->tiles[i->destination], state->tiles[i->first],
        state->tiles[i->second], vectors);
    return;
  }
  if (tile_is_reduction(i->opcode)) {
    ISA(tile_reduce)(
        i->opcode, &state->partial[i->destination], state->tiles[i->first], place->count);
    return;
  }
  if (i->opcode == APUS_TILE_STORE) {
    const apus_tile_operand *operand = &program->operands[i->first];
    ISA(tile_store)(
        operand, tile_address(operand, buffers, place), state->tiles[i->second], place->count);
    return;
  }
  vf *to = state->tiles[i->destination];
  switch (i->opcode) {
    case APUS_TILE_LOAD: {
      const apus_tile_operand *operand = &program->operands[i->first];
      ISA(tile_load)(operand, tile_address(operand, buffers, place), to, place->count);
      break;
    }
    case APUS_TILE_CONSTANT:
      for (int64_t v = 0; v < vectors; v++) to[v] = (vf)i->immediate;
      break;
    case APUS_TILE_COLUMN:
      for (int64_t c = 0; c < vectors * LANE_COUNT; c++)
        ((float *)to)[c] = (float)(place->column + c);
      break;
    case APUS_TILE_SPLAT:
      for (int64_t v = 0; v < vectors; v++) to[v] = (vf)state->finished[i->first];
      break;
    case APUS_TILE_SELECT: {
      const vf *a = state->tiles[i->first], *b = state->tiles[i->second];
      const vf *c = state->tiles[i->third];
      for (int64_t v = 0; v < vectors; v++) to[v] = a[v] != 0.0f ? b[v] : c[v];
      break;
    }
  }
}

// One stage over columns first ..< last of the row at `place`.
static void ISA(tile_stage)(
    const apus_tile_program *program, int32_t begin, int32_t end, void *const *buffers,
    tile_place *place, int64_t first, int64_t last, tile_state *state) {
  for (int64_t column = first; column < last; column += APUS_TILE_COLUMNS) {
    place->column = column;
    place->count = apus_least(last - column, APUS_TILE_COLUMNS);
    for (int32_t i = begin; i < end; i++)
      ISA(tile_instruction)(program, &program->instructions[i], buffers, place, state);
  }
}

static void ISA(tile_row)(
    const apus_tile_program *program, void *const *buffers, tile_place *place, int64_t columns,
    tile_state *state) {
  int32_t begin = 0;
  for (int32_t stage = 0; stage < program->stage_count; stage++) {
    int32_t end = program->stage_ends[stage];
    const apus_tile_instruction *instructions = program->instructions;
    for (int32_t i = begin; i < end; i++)
      if (tile_is_reduction(instructions[i].opcode))
        state->partial[instructions[i].destination] = (vf)tile_identity(instructions[i].opcode);
    ISA(tile_stage)(program, begin, end, buffers, place, 0, columns, state);
    for (int32_t i = begin; i < end; i++) {
      vf partial = state->partial[instructions[i].destination % APUS_TILE_ROW_REGISTERS];
      float *finished = &state->finished[instructions[i].destination % APUS_TILE_ROW_REGISTERS];
      switch (instructions[i].opcode) {
        case APUS_TILE_REDUCE_SUM: *finished = ISA(sum_lanes)(partial); break;
        case APUS_TILE_REDUCE_MAXIMUM: *finished = ISA(maximum_lanes)(partial); break;
        case APUS_TILE_REDUCE_MINIMUM: *finished = ISA(minimum_lanes)(partial); break;
      }
    }
    begin = end;
  }
}

static void ISA(tile_program_run)(
    const apus_tile_program *program, void *const *buffers, int64_t first_row, int64_t last_row,
    int64_t first_column, int64_t last_column) {
  tile_state state;
  for (int64_t row = first_row; row < last_row; row++) {
    tile_place place = {.outer = {0, 0, row}};
    ISA(tile_stage)(
        program, 0, program->instruction_count, buffers, &place, first_column, last_column,
        &state);
  }
}

static void ISA(tile_loop)(const apus_kernel_arguments *arguments, const apus_worker *worker) {
  const apus_tile_program *program = arguments->programs[0];
  const int64_t *sizes = arguments->sizes;
  int64_t rows = sizes[0] * sizes[1] * sizes[2], columns = sizes[3];
  int by_tiles = program->stage_count == 1;
  for (int32_t i = 0; i < program->instruction_count; i++)
    if (tile_is_reduction(program->instructions[i].opcode)) by_tiles = 0;
  int64_t tiles = by_tiles ? (columns + APUS_TILE_COLUMNS - 1) / APUS_TILE_COLUMNS : 1;
  apus_range range = apus_static_range(rows * tiles, worker);
  tile_state state;
  for (int64_t i = range.begin; i < range.end; i++) {
    int64_t row = i / tiles, inner = row / sizes[2];
    tile_place place = {.outer = {inner / sizes[1], inner % sizes[1], row % sizes[2]}};
    if (by_tiles) {
      int64_t column = i % tiles * APUS_TILE_COLUMNS;
      int64_t last = apus_least(columns, column + APUS_TILE_COLUMNS);
      ISA(tile_stage)(
          program, 0, program->instruction_count, arguments->buffers, &place, column, last,
          &state);
    } else {
      ISA(tile_row)(program, arguments->buffers, &place, columns, &state);
    }
  }
}
