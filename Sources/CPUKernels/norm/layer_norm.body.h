#include "../elementwise/lanes.body.h"

static void ISA(layer_norm_row)(
    const float *x, const float *weight, const float *bias, float *y, int64_t columns,
    float epsilon) {
  vf sum = 0;
  for (int64_t j = 0; j < columns; j += LANE_COUNT) sum += ISA(load_part)(x + j, columns - j);
  vf mean = (vf)(ISA(sum_lanes)(sum) / (float)columns);
  vf squares = 0;
  for (int64_t j = 0; j < columns; j += LANE_COUNT) {
    int64_t n = columns - j;
    vf centred = ISA(keep)(ISA(load_part)(x + j, n) - mean, n, 0);
    squares = APUS_FMA(centred, centred, squares);
  }
  float variance = ISA(sum_lanes)(squares) / (float)columns;
  vf factor = (vf)(1.0f / __builtin_sqrtf(variance + epsilon));
  for (int64_t j = 0; j < columns; j += LANE_COUNT) {
    int64_t n = columns - j;
    vf v = (ISA(load_part)(x + j, n) - mean) * factor * ISA(load_part)(weight + j, n);
    if (bias) v += ISA(load_part)(bias + j, n);
    ISA(store_part)(y + j, v, n);
  }
}

static void ISA(layer_norm)(const apus_kernel_arguments *arguments, const apus_worker *worker) {
  const float *x = arguments->buffers[0], *weight = arguments->buffers[1];
  const float *bias = arguments->buffers[2];
  float *y = arguments->buffers[3];
  int64_t columns = arguments->sizes[1];
  apus_range rows = apus_static_range(arguments->sizes[0], worker);
  for (int64_t row = rows.begin; row < rows.end; row++)
    ISA(layer_norm_row)(
        x + row * columns, weight, bias, y + row * columns, columns, arguments->scalars[0]);
}
