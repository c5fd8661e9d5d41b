#include "../elementwise/lanes.body.h"
#include "../elementwise/math.body.h"

APUS_INLINE vf ISA(silu)(vf x) { return x * ISA(sigmoid)(x); }

APUS_INLINE vf ISA(gelu_tanh)(vf x) {
  // u = sqrt(2 / pi) (x + 0.044715 x^3)
  vf u = 0.7978845608f * APUS_FMA(x * x * x, (vf)0.044715f, x);
  return x * ISA(sigmoid)(u + u);
}

APUS_INLINE vf ISA(gelu)(vf x) {
  return 0.5f * x * (ISA(erf)(x * 0.7071067812f) + 1.0f);
}

#define APUS_GATED(name) \
  static void ISA(gated_##name)(const float *gate, const float *up, float *y, int64_t columns) { \
    for (int64_t j = 0; j < columns; j += LANE_COUNT) { \
      int64_t n = columns - j; \
      vf v = ISA(name)(ISA(load_part)(gate + j, n)) * ISA(load_part)(up + j, n); \
      ISA(store_part)(y + j, v, n); \
    } \
  }
APUS_GATED(silu)
APUS_GATED(gelu_tanh)
APUS_GATED(gelu)
#undef APUS_GATED

static void ISA(gated_activation)(
    const apus_kernel_arguments *arguments, const apus_worker *worker) {
  const float *gate = arguments->buffers[0], *up = arguments->buffers[1];
  float *y = arguments->buffers[2];
  int64_t rows = arguments->sizes[0], columns = arguments->sizes[1], kind = arguments->sizes[2];
  int64_t tiles = (columns + APUS_TILE_COLUMNS - 1) / APUS_TILE_COLUMNS;
  apus_range range = apus_static_range(rows * tiles, worker);
  for (int64_t i = range.begin; i < range.end; i++) {
    int64_t row = i / tiles, column = i % tiles * APUS_TILE_COLUMNS;
    int64_t n = apus_least(columns - column, APUS_TILE_COLUMNS);
    const float *a = gate + row * arguments->sizes[3] + column;
    const float *b = up + row * arguments->sizes[4] + column;
    float *to = y + row * columns + column;
    switch (kind) {
      case 0: ISA(gated_silu)(a, b, to, n); break;
      case 1: ISA(gated_gelu_tanh)(a, b, to, n); break;
      default: ISA(gated_gelu)(a, b, to, n); break;
    }
  }
}
