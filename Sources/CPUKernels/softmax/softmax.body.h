#include "../elementwise/lanes.body.h"
#include "../elementwise/math.body.h"

static void ISA(softmax_row)(const float *x, float *y, int64_t columns) {
  const float lowest = -__builtin_inff();
  vf greatest = (vf)lowest;
  for (int64_t j = 0; j < columns; j += LANE_COUNT) {
    int64_t n = columns - j;
    greatest = ISA(maximum)(greatest, ISA(keep)(ISA(load_part)(x + j, n), n, lowest));
  }
  vf top = (vf)ISA(maximum_lanes)(greatest), sum = 0;
  for (int64_t j = 0; j < columns; j += LANE_COUNT) {
    int64_t n = columns - j;
    vf e = ISA(exp)(ISA(load_part)(x + j, n) - top);
    sum += ISA(keep)(e, n, 0);
    ISA(store_part)(y + j, e, n);
  }
  vf total = (vf)ISA(sum_lanes)(sum);
  for (int64_t j = 0; j < columns; j += LANE_COUNT) {
    int64_t n = columns - j;
    ISA(store_part)(y + j, ISA(load_part)(y + j, n) / total, n);
  }
}

static void ISA(softmax)(const apus_kernel_arguments *arguments, const apus_worker *worker) {
  const float *x = arguments->buffers[0];
  float *y = arguments->buffers[1];
  int64_t columns = arguments->sizes[1];
  apus_range rows = apus_static_range(arguments->sizes[0], worker);
  for (int64_t row = rows.begin; row < rows.end; row++)
    ISA(softmax_row)(x + row * columns, y + row * columns, columns);
}
