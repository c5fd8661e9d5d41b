#include "../elementwise/lanes.body.h"

static void ISA(store_pages_row)(
    const float *from, char *state, int64_t at, int64_t n, int64_t type) {
  switch (type) {
    case APUS_BFLOAT16: {
      uint16_t *to = (uint16_t *)state + at;
      for (int64_t j = 0; j < n; j += LANE_COUNT)
        ISA(store_bf16_part)(to + j, ISA(load_part)(from + j, n - j), n - j);
      break;
    }
    case APUS_FLOAT16: {
      uint16_t *to = (uint16_t *)state + at;
      for (int64_t j = 0; j < n; j += LANE_COUNT)
        ISA(store_f16_part)(to + j, ISA(load_part)(from + j, n - j), n - j);
      break;
    }
    default: memcpy((float *)state + at, from, (size_t)n * sizeof(float));
  }
}

static void ISA(store_pages)(const apus_kernel_arguments *arguments, const apus_worker *worker) {
  const float *values = arguments->buffers[0];
  const int32_t *slots = arguments->buffers[1];
  int64_t heads = arguments->sizes[1], head = arguments->sizes[2], page = arguments->sizes[3];
  apus_range rows = apus_static_range(arguments->sizes[0] * heads, worker);
  for (int64_t row = rows.begin; row < rows.end; row++) {
    int64_t slot = slots[row / heads], h = row % heads;
    if (slot < 0) continue;
    int64_t at = ((slot / page * heads + h) * page + slot % page) * head;
    ISA(store_pages_row)(
        values + row * head, arguments->buffers[2], at, head, arguments->sizes[4]);
  }
}
