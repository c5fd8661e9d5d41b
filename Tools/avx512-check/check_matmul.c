// Conversions of activations, matmuls of all formats with their epilogues, embeddings.
#include "check.h"

typedef struct format {
  const apus_kernel_variants *matmul, *embedding;
  int32_t type;         // apus_element_type, or -1 where weights are blocks
  int64_t block_bytes;  // of 32 weights
  int halves;           // float16 numbers at the start of a block
} format;

static const format formats[] = {
    {&apus_matmul_f32, &apus_embedding_f32, APUS_FLOAT32, 128, 0},
    {&apus_matmul_f16, &apus_embedding_f16, APUS_FLOAT16, 64, 0},
    {&apus_matmul_bf16, &apus_embedding_bf16, APUS_BFLOAT16, 64, 0},
    {&apus_matmul_q8_0, &apus_embedding_q8_0, -1, 34, 1},
    {&apus_matmul_q4_0, &apus_embedding_q4_0, -1, 18, 1},
    {&apus_matmul_q4_1, &apus_embedding_q4_1, -1, 20, 2},
};

static int64_t weight_bytes(const format *f, int64_t rows, int64_t columns) {
  return f->type < 0 ? rows * (columns / 32) * f->block_bytes
                     : rows * columns * (f->block_bytes / 32);
}

static void fill_weight(const format *f, void *to, int64_t rows, int64_t columns, int kind) {
  if (f->type == APUS_FLOAT32) {
    fill_floats(to, rows * columns, kind);
  } else if (f->type >= 0) {
    fill_halves(to, rows * columns, kind, f->type);
  } else {
    uint8_t *block = to;
    for (int64_t i = 0; i < rows * (columns / 32); i++, block += f->block_bytes) {
      fill_bytes(block, f->block_bytes);
      uint16_t halves[2];
      fill_halves(halves, f->halves, kind, APUS_FLOAT16);
      memcpy(block, halves, 2 * (size_t)f->halves);
    }
  }
}

// The converted activation, in buffers 0 to 2 of the case that follows.
static void prepare_activation(const format *f, int64_t rows, int64_t inner, int kind) {
  int64_t padded = (inner + 31) / 32 * 32;
  apus_kernel_arguments *a = &the_case.arguments;
  if (f->type == APUS_FLOAT32 || f->type == APUS_FLOAT16) {
    fill_floats(case_input(0, rows * inner * 4), rows * inner, kind);
    return;
  }
  float *x = case_input(0, rows * inner * 4);
  fill_floats(x, rows * inner, kind);
  a->sizes[0] = rows, a->sizes[1] = inner;
  void *first, *second = NULL, *third = NULL;
  if (f->type == APUS_BFLOAT16) {
    first = case_input(1, rows * padded * 2);
    case_run_scalar(&apus_convert_rows_bf16);
  } else {
    first = case_input(1, rows * padded);
    second = case_input(2, rows * padded / 8), third = case_input(3, rows * padded / 8);
    case_run_scalar(&apus_quantize_rows_q8);
  }
  a->buffers[0] = first, a->buffers[1] = second, a->buffers[2] = third;
}

// out = (out * 0.75 + bias) as an epilogue; `bias` is buffer 11.
static const apus_tile_instruction epilogue_instructions[] = {
    {APUS_TILE_LOAD, 0, 0, 0, 0, 0},     {APUS_TILE_CONSTANT, 1, 0, 0, 0, 0.75f},
    {APUS_TILE_MULTIPLY, 2, 0, 1, 0, 0}, {APUS_TILE_LOAD, 3, 1, 0, 0, 0},
    {APUS_TILE_ADD, 2, 2, 3, 0, 0},      {APUS_TILE_TANH, 2, 2, 0, 0, 0},
    {APUS_TILE_STORE, 0, 0, 2, 0, 0}};

static void check_matmul_case(
    check_group *group, const format *f, int64_t rows, const int64_t *widths, int64_t segments,
    int64_t inner, int x_kind, int w_kind, int with_epilogue) {
  static const int32_t stage_ends[] = {7};
  apus_tile_operand operands[4][2];
  apus_tile_program programs[4];
  case_begin();
  apus_kernel_arguments *a = &the_case.arguments;
  prepare_activation(f, rows, inner, x_kind);
  a->sizes[0] = rows, a->sizes[1] = inner, a->sizes[2] = segments;
  int64_t bias_columns = 0;
  for (int s = 0; s < segments; s++) {
    int64_t n = widths[s], stride = n + (s & 1) * 3;
    void *weight = case_input(3 + 2 * s, weight_bytes(f, n, inner));
    fill_weight(f, weight, n, inner, w_kind);
    case_output(4 + 2 * s, rows * stride * 4, OUTPUT_FLOATS);
    a->sizes[4 + s] = n, a->sizes[8 + s] = stride;
    if (n > bias_columns) bias_columns = n;
    if (!with_epilogue) continue;
    operands[s][0] = (apus_tile_operand){4 + 2 * s, APUS_FLOAT32, {0, 0, stride, 1}};
    operands[s][1] = (apus_tile_operand){11, APUS_FLOAT32, {0, 0, 0, 1}};
    programs[s] =
        (apus_tile_program){epilogue_instructions, 7, 1, stage_ends, operands[s], 2};
    a->programs[s] = &programs[s];
  }
  if (with_epilogue)
    fill_floats(case_input(11, bias_columns * 4), bias_columns, PLAIN);
  case_run(group, "rows %d, N %d, segments %d, K %d, x %s, w %s, epilogue %d", rows, widths[0],
      segments, inner, input_names[x_kind], input_names[w_kind], (int64_t)with_epilogue);
}

static void check_matmul(const format *f) {
  static const int64_t rows[] = {1, 2, 3, 4, 5, 7, 8, 16, 17, 33};
  static const int64_t widths[] = {1, 15, 16, 17, 33, 64};
  static const int64_t float_inners[] = {1, 7, 16, 33, 100};
  static const int64_t block_inners[] = {32, 64, 96, 256, 320};
  static const int64_t many[4] = {33, 1, 16, 7};
  check_group group = group_begin(f->matmul);
  const int64_t *inners = f->type < 0 ? block_inners : float_inners;
  for (int r = 0; r < 10; r++)
    for (int n = 0; n < 6; n++)
      for (int k = 0; k < 5; k++) {
        int kinds[] = {PLAIN, WIDE, PLAIN, WIDE, FINITE};
        check_matmul_case(
            &group, f, rows[r], widths + n, 1, inners[k], kinds[(r + n + k) % 5],
            kinds[(n + k) % 5], 0);
      }
  for (int r = 0; r < 10; r++)
    for (int64_t segments = 1; segments <= 4; segments++)
      check_matmul_case(
          &group, f, rows[r], many, segments, 64, PLAIN, PLAIN, segments % 2 == r % 2);
  for (int x = 0; x < INPUT_KINDS; x++)
    for (int w = 0; w < INPUT_KINDS; w++)
      for (int64_t r = 1; r <= 9; r += 4)
        check_matmul_case(&group, f, r, widths + 3, 1, f->type < 0 ? 96 : 99, x, w, 0);
  // More than a chunk of K, more than a strip of columns, more than a block of rows.
  static const int64_t wide[] = {301};
  int64_t deep = f->type == APUS_BFLOAT16 ? 2100 : f->type < 0 ? 576 : 1050;
  for (int64_t r = 1; r <= 6; r += 5) {
    check_matmul_case(&group, f, r, widths + 3, 1, deep, PLAIN, PLAIN, 0);
    check_matmul_case(&group, f, r, wide, 1, 64, PLAIN, PLAIN, 1);
  }
  check_matmul_case(&group, f, 131, widths + 4, 1, 64, PLAIN, PLAIN, 1);
  group_end(&group);
}

static void check_conversion(const apus_kernel_variants *kernel, int to_bf16) {
  static const int64_t rows[] = {1, 3, 17}, inners[] = {1, 15, 32, 50, 64, 100, 320};
  check_group group = group_begin(kernel);
  for (int kind = 0; kind < INPUT_KINDS; kind++)
    for (int r = 0; r < 3; r++)
      for (int k = 0; k < 7; k++) {
        int64_t n = rows[r], inner = inners[k], padded = (inner + 31) / 32 * 32;
        case_begin();
        fill_floats(case_input(0, n * inner * 4), n * inner, kind);
        if (to_bf16) {
          case_output(1, n * padded * 2, OUTPUT_BYTES);
        } else {
          case_output(1, n * padded, OUTPUT_BYTES);
          case_output(2, n * padded / 8, OUTPUT_FLOATS);
          case_output(3, n * padded / 8, OUTPUT_BYTES);
        }
        the_case.arguments.sizes[0] = n, the_case.arguments.sizes[1] = inner;
        case_run(&group, "rows %d, K %d, %s", n, inner, input_names[kind]);
      }
  group_end(&group);
}

static void check_embedding(const format *f) {
  static const int64_t float_columns[] = {1, 15, 16, 31, 33, 64, 100};
  static const int64_t block_columns[] = {32, 64, 96, 32, 64, 96, 256};
  check_group group = group_begin(f->embedding);
  for (int kind = 0; kind < INPUT_KINDS; kind++)
    for (int c = 0; c < 7; c++) {
      int64_t columns = f->type < 0 ? block_columns[c] : float_columns[c], n = 11, rows = 9;
      case_begin();
      fill_weight(f, case_input(0, weight_bytes(f, n, columns)), n, columns, kind);
      int32_t *ids = case_input(1, rows * 4);
      for (int i = 0; i < rows; i++) ids[i] = (int32_t)random_below(n + 2) - 1;
      case_output(2, rows * columns * 4, OUTPUT_FLOATS);
      int64_t *sizes = the_case.arguments.sizes;
      sizes[0] = rows, sizes[1] = columns, sizes[2] = n;
      case_run(&group, "columns %d, %s", columns, input_names[kind]);
    }
  group_end(&group);
}

void check_matmuls(void) {
  check_conversion(&apus_quantize_rows_q8, 0);
  check_conversion(&apus_convert_rows_bf16, 1);
  for (int i = 0; i < 6; i++) check_matmul(&formats[i]);
  for (int i = 0; i < 6; i++) check_embedding(&formats[i]);
}
