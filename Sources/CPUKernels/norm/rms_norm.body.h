#include "../elementwise/lanes.body.h"

static void ISA(rms_norm_row)(
    const float *x, const float *weight, float *y, int64_t columns, float epsilon) {
  vf sum = 0;
  for (int64_t j = 0; j < columns; j += LANE_COUNT) {
    vf v = ISA(load_part)(x + j, columns - j);
    sum = APUS_FMA(v, v, sum);
  }
  float mean = ISA(sum_lanes)(sum) / (float)columns;
  vf factor = (vf)(1.0f / __builtin_sqrtf(mean + epsilon));
  for (int64_t j = 0; j < columns; j += LANE_COUNT) {
    int64_t n = columns - j;
    vf v = ISA(load_part)(x + j, n) * factor * ISA(load_part)(weight + j, n);
    ISA(store_part)(y + j, v, n);
  }
}

static void ISA(rms_norm)(const apus_kernel_arguments *arguments, const apus_worker *worker) {
  const float *x = arguments->buffers[0], *weight = arguments->buffers[1];
  float *y = arguments->buffers[2];
  int64_t columns = arguments->sizes[1];
  apus_range rows = apus_static_range(arguments->sizes[0], worker);
  for (int64_t row = rows.begin; row < rows.end; row++)
    ISA(rms_norm_row)(
        x + row * columns, weight, y + row * columns, columns, arguments->scalars[0]);
}
