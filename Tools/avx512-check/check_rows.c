// Norms, softmax, gated activations, rotary embedding.
#include "check.h"

static const int64_t widths[] = {1, 2, 8, 15, 16, 17, 31, 32, 33, 100, 257, 520};
#define WIDTHS (int)(sizeof widths / sizeof *widths)

static void check_norm(const apus_kernel_variants *kernel, int has_bias) {
  check_group group = group_begin(kernel);
  for (int kind = 0; kind < INPUT_KINDS; kind++)
    for (int w = 0; w < WIDTHS; w++)
      for (int bias = 0; bias <= has_bias; bias++) {
        int64_t rows = 3, columns = widths[w];
        case_begin();
        fill_floats(case_input(0, rows * columns * 4), rows * columns, kind);
        fill_floats(case_input(1, columns * 4), columns, kind == ANY ? ANY : PLAIN);
        if (bias) fill_floats(case_input(2, columns * 4), columns, PLAIN);
        case_output(2 + has_bias, rows * columns * 4, OUTPUT_FLOATS);
        the_case.arguments.sizes[0] = rows, the_case.arguments.sizes[1] = columns;
        the_case.arguments.scalars[0] = kind == TINY ? 0 : 1e-5f;
        case_run(&group, "columns %d, %s, bias %d", columns, input_names[kind], (int64_t)bias);
      }
  group_end(&group);
}

static void check_softmax(void) {
  check_group group = group_begin(&apus_softmax);
  for (int kind = 0; kind < INPUT_KINDS; kind++)
    for (int w = 0; w < WIDTHS; w++) {
      int64_t rows = 4, columns = widths[w];
      case_begin();
      float *x = case_input(0, rows * columns * 4);
      fill_floats(x, rows * columns, kind);
      if (kind == PLAIN)  // a row of -infinity alone, and one with some
        for (int64_t i = 0; i < 2 * columns; i++)
          if (i < columns || i % 3) x[i] = -__builtin_inff();
      case_output(1, rows * columns * 4, OUTPUT_FLOATS);
      the_case.arguments.sizes[0] = rows, the_case.arguments.sizes[1] = columns;
      case_run(&group, "columns %d, %s", columns, input_names[kind]);
    }
  group_end(&group);
}

static void check_gated(void) {
  check_group group = group_begin(&apus_gated_activation);
  for (int kind = 0; kind < INPUT_KINDS; kind++)
    for (int w = 0; w < WIDTHS; w++)
      for (int64_t activation = 0; activation < 3; activation++) {
        int64_t rows = 3, columns = widths[w], stride = columns + 5 * (w % 2);
        case_begin();
        fill_floats(case_input(0, rows * stride * 4), rows * stride, kind);
        fill_floats(case_input(1, rows * columns * 4), rows * columns, kind == ANY ? ANY : WIDE);
        case_output(2, rows * columns * 4, OUTPUT_FLOATS);
        int64_t *sizes = the_case.arguments.sizes;
        sizes[0] = rows, sizes[1] = columns, sizes[2] = activation;
        sizes[3] = stride, sizes[4] = columns;
        case_run(
            &group, "columns %d, kind %d, %s", columns, activation, input_names[kind]);
      }
  group_end(&group);
}

static void check_rotary(void) {
  static const int64_t heads[] = {8, 20, 64, 72, 128};
  check_group group = group_begin(&apus_rotary);
  for (int kind = 0; kind < INPUT_KINDS; kind++)
    for (int h = 0; h < 5; h++)
      for (int64_t whole = 0; whole < 2; whole++)
        for (int64_t pairing = 0; pairing < 2; pairing++) {
          int64_t tokens = 3, count = 2, head = heads[h], rotary = whole ? head : head / 4 * 2;
          case_begin();
          fill_floats(case_input(0, tokens * count * head * 4), tokens * count * head, kind);
          int32_t *positions = case_input(1, tokens * 4);
          for (int i = 0; i < tokens; i++) positions[i] = (int32_t)random_below(1 << (9 * i + 4));
          float *frequencies = case_input(2, rotary / 2 * 4);
          fill_floats(frequencies, rotary / 2, kind == ANY ? MODERATE : PLAIN);
          for (int i = 0; i < rotary / 2; i++) frequencies[i] = __builtin_fabsf(frequencies[i]);
          case_output(3, tokens * count * head * 4, OUTPUT_FLOATS);
          int64_t *sizes = the_case.arguments.sizes;
          sizes[0] = tokens, sizes[1] = count, sizes[2] = head, sizes[3] = rotary;
          sizes[4] = pairing, the_case.arguments.scalars[0] = whole ? 1 : 1.25f;
          case_run(&group, "head %d, rotary %d, pairing %d, %s", head, rotary, pairing,
              input_names[kind]);
        }
  group_end(&group);
}

void check_rows(void) {
  check_norm(&apus_rms_norm, 0);
  check_norm(&apus_layer_norm, 1);
  check_softmax();
  check_gated();
  check_rotary();
}
