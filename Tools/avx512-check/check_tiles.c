// Tile programs: every opcode, every element type, reductions over stages, and the entry for
// epilogues.
#include "check.h"

static const int64_t widths[] = {1, 15, 16, 17, 100, 256, 300, 530};

typedef struct program {
  apus_tile_instruction instructions[16];
  int32_t stage_ends[4];
  apus_tile_operand operands[4];
  apus_tile_program all;
} program;

static program *program_of(int32_t instructions, int32_t stages, int32_t operands) {
  static program p;
  p.all = (apus_tile_program){
      p.instructions, instructions, stages, p.stage_ends, p.operands, operands};
  return &p;
}

static int64_t element_bytes(int32_t type) {
  return type == APUS_BOOL8 ? 1 : type == APUS_BFLOAT16 || type == APUS_FLOAT16 ? 2 : 4;
}

static void fill_elements(void *to, int64_t n, int32_t type, int kind) {
  if (type == APUS_FLOAT32)
    fill_floats(to, n, kind);
  else if (type == APUS_BFLOAT16 || type == APUS_FLOAT16)
    fill_halves(to, n, kind, type);
  else
    fill_bytes(to, n * element_bytes(type));
}

// A LOAD of each operand, the opcode, a STORE; the rows are 2 x 1 x 3.
static void check_opcode(check_group *group, int32_t opcode, int kind, int64_t columns) {
  case_begin();
  program *p = program_of(5, 1, 4);
  p->stage_ends[0] = 5;
  for (int i = 0; i < 3; i++) {
    p->instructions[i] = (apus_tile_instruction){APUS_TILE_LOAD, i, i, 0, 0, 0};
    p->operands[i] = (apus_tile_operand){i, APUS_FLOAT32, {3 * columns, columns, columns, 1}};
    fill_floats(case_input(i, 6 * columns * 4), 6 * columns, kind);
  }
  // Operands that are equal now and then, for the comparisons.
  const float *a = the_case.arguments.buffers[0];
  float *b = the_case.arguments.buffers[1];
  for (int64_t i = 0; i < 6 * columns; i += 5) b[i] = a[i];
  p->instructions[3] = (apus_tile_instruction){opcode, 3, 0, 1, 2, 1.5f};
  p->instructions[4] = (apus_tile_instruction){APUS_TILE_STORE, 0, 3, 3, 0, 0};
  p->operands[3] = (apus_tile_operand){3, APUS_FLOAT32, {3 * columns, columns, columns, 1}};
  case_output(3, 6 * columns * 4, OUTPUT_FLOATS);
  int64_t *sizes = the_case.arguments.sizes;
  sizes[0] = 2, sizes[1] = 1, sizes[2] = 3, sizes[3] = columns;
  the_case.arguments.programs[0] = &p->all;
  case_run(group, "opcode %d, columns %d, %s", (int64_t)opcode, columns, input_names[kind]);
}

static void check_types(
    check_group *group, int32_t from, int32_t to, int64_t stride, int kind, int64_t columns) {
  case_begin();
  program *p = program_of(2, 1, 2);
  p->stage_ends[0] = 2;
  p->instructions[0] = (apus_tile_instruction){APUS_TILE_LOAD, 0, 0, 0, 0, 0};
  p->instructions[1] = (apus_tile_instruction){APUS_TILE_STORE, 0, 1, 0, 0, 0};
  int64_t step = stride ? stride : 1;
  p->operands[0] = (apus_tile_operand){0, from, {0, 0, step * columns, stride}};
  p->operands[1] = (apus_tile_operand){1, to, {0, 0, step * columns, step}};
  fill_elements(case_input(0, 3 * step * columns * 4), 3 * step * columns, from, kind);
  case_output(1, 3 * step * columns * element_bytes(to),
      to == APUS_FLOAT32 ? OUTPUT_FLOATS : OUTPUT_BYTES);
  int64_t *sizes = the_case.arguments.sizes;
  sizes[0] = 1, sizes[1] = 1, sizes[2] = 3, sizes[3] = columns;
  the_case.arguments.programs[0] = &p->all;
  case_run(group, "type %d to %d, stride %d, columns %d, %s", (int64_t)from, (int64_t)to, stride,
      columns, input_names[kind]);
}

// sum, maximum and minimum of a row; then y = (x - minimum) / (maximum - minimum) * sum.
static void check_reductions(check_group *group, int kind, int64_t columns) {
  static const apus_tile_instruction instructions[] = {
      {APUS_TILE_LOAD, 0, 0, 0, 0, 0},          {APUS_TILE_REDUCE_SUM, 0, 0, 0, 0, 0},
      {APUS_TILE_REDUCE_MAXIMUM, 1, 0, 0, 0, 0}, {APUS_TILE_REDUCE_MINIMUM, 2, 0, 0, 0, 0},
      {APUS_TILE_LOAD, 0, 0, 0, 0, 0},          {APUS_TILE_SPLAT, 1, 0, 0, 0, 0},
      {APUS_TILE_SPLAT, 2, 1, 0, 0, 0},         {APUS_TILE_SPLAT, 3, 2, 0, 0, 0},
      {APUS_TILE_SUBTRACT, 2, 2, 3, 0, 0},      {APUS_TILE_SUBTRACT, 0, 0, 3, 0, 0},
      {APUS_TILE_DIVIDE, 0, 0, 2, 0, 0},        {APUS_TILE_MULTIPLY, 0, 0, 1, 0, 0},
      {APUS_TILE_STORE, 0, 1, 0, 0, 0}};
  case_begin();
  program *p = program_of(13, 2, 2);
  memcpy(p->instructions, instructions, sizeof instructions);
  p->stage_ends[0] = 4, p->stage_ends[1] = 13;
  for (int i = 0; i < 2; i++)
    p->operands[i] = (apus_tile_operand){i, APUS_FLOAT32, {0, 0, columns, 1}};
  fill_floats(case_input(0, 3 * columns * 4), 3 * columns, kind);
  case_output(1, 3 * columns * 4, OUTPUT_FLOATS);
  int64_t *sizes = the_case.arguments.sizes;
  sizes[0] = 1, sizes[1] = 1, sizes[2] = 3, sizes[3] = columns;
  the_case.arguments.programs[0] = &p->all;
  case_run(group, "reductions, columns %d, %s", columns, input_names[kind]);
}

static void check_loops(void) {
  check_group group = group_begin(&apus_tile_loop);
  for (int32_t opcode = APUS_TILE_CONSTANT; opcode < APUS_TILE_REDUCE_SUM; opcode++)
    for (int kind = 0; kind < INPUT_KINDS; kind++)
      for (int w = 0; w < 8; w += opcode % 2 + 1) check_opcode(&group, opcode, kind, widths[w]);
  for (int32_t opcode = APUS_TILE_NEGATE; opcode < APUS_TILE_SELECT; opcode++)
    for (int kind = MODERATE; kind <= FINITE; kind++) check_opcode(&group, opcode, kind, 1000);
  for (int32_t from = 0; from < 5; from++)
    for (int32_t to = 0; to < 5; to++)
      for (int64_t stride = 0; stride < 3; stride++)
        for (int kind = FINITE; kind <= ANY; kind++)
          check_types(&group, from, to, stride, kind, widths[(from + to + stride + kind) % 8]);
  for (int kind = 0; kind < INPUT_KINDS; kind++)
    for (int w = 0; w < 8; w++) check_reductions(&group, kind, widths[w]);
  group_end(&group);
}

// apus_tile_program_run as if it were a kernel, one for each instruction set.
#define RUN_ON(isa) \
  static void run_on_##isa(const apus_kernel_arguments *a, const apus_worker *worker) { \
    if (worker->index == 0) \
      apus_tile_program_run( \
          a->programs[0], a->buffers, isa, a->sizes[0], a->sizes[1], a->sizes[2], a->sizes[3]); \
  }
RUN_ON(APUS_ISA_SCALAR)
RUN_ON(APUS_ISA_AVX2)
RUN_ON(APUS_ISA_AVX512)
RUN_ON(APUS_ISA_AVX512_BF16)

static void check_epilogues(void) {
  static const apus_kernel_variants run = {"tile_program_run",
      {run_on_APUS_ISA_SCALAR, run_on_APUS_ISA_AVX2, run_on_APUS_ISA_AVX512,
          run_on_APUS_ISA_AVX512_BF16}};
  check_group group = group_begin(&run);
  for (int kind = 0; kind < INPUT_KINDS; kind++)
    for (int64_t width = 1; width <= 70; width += 23) {
      int64_t columns = 90;
      case_begin();
      program *p = program_of(4, 1, 2);
      p->stage_ends[0] = 4;
      p->instructions[0] = (apus_tile_instruction){APUS_TILE_LOAD, 0, 0, 0, 0, 0};
      p->instructions[1] = (apus_tile_instruction){APUS_TILE_COLUMN, 1, 0, 0, 0, 0};
      p->instructions[2] = (apus_tile_instruction){APUS_TILE_MULTIPLY, 0, 0, 1, 0, 0};
      p->instructions[3] = (apus_tile_instruction){APUS_TILE_STORE, 0, 1, 0, 0, 0};
      for (int i = 0; i < 2; i++)
        p->operands[i] = (apus_tile_operand){i, APUS_FLOAT32, {0, 0, columns, 1}};
      fill_floats(case_input(0, 6 * columns * 4), 6 * columns, kind);
      case_output(1, 6 * columns * 4, OUTPUT_FLOATS);
      int64_t *sizes = the_case.arguments.sizes;
      sizes[0] = 1, sizes[1] = 5, sizes[2] = 16, sizes[3] = 16 + width;
      the_case.arguments.programs[0] = &p->all;
      case_run(&group, "columns %d, %s", width, input_names[kind]);
    }
  group_end(&group);
}

void check_tiles(void) {
  check_loops();
  check_epilogues();
}
