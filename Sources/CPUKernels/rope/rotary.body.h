#include "../elementwise/lanes.body.h"
#include "../elementwise/math.body.h"

// cosines and sines have room for pairs rounded up to 16.
static void ISA(rotary_angles)(
    int32_t position, const float *frequencies, int64_t pairs, float factor, float *cosines,
    float *sines) {
  for (int64_t i = 0; i < pairs; i += LANE_COUNT) {
    vf angle = ISA(load_part)(frequencies + i, pairs - i) * (float)position;
    vf sine, cosine;
    ISA(sine_cosine)(angle, &sine, &cosine);
    ISA(store)(cosines + i, cosine * factor);
    ISA(store)(sines + i, sine * factor);
  }
}

APUS_INLINE void ISA(rotate)(vf *a, vf *b, vf cosine, vf sine) {
  vf x = *a, y = *b;
  *a = APUS_FMA(-y, sine, x * cosine);
  *b = APUS_FMA(x, sine, y * cosine);
}

// Pairs (i, i + pairs).
static void ISA(rotary_halves)(
    const float *x, float *y, int64_t pairs, const float *cosines, const float *sines) {
  for (int64_t i = 0; i < pairs; i += LANE_COUNT) {
    int64_t n = pairs - i;
    vf a = ISA(load_part)(x + i, n), b = ISA(load_part)(x + pairs + i, n);
    ISA(rotate)(&a, &b, ISA(load)(cosines + i), ISA(load)(sines + i));
    ISA(store_part)(y + i, a, n);
    ISA(store_part)(y + pairs + i, b, n);
  }
}

// Pairs (2i, 2i + 1).
static void ISA(rotary_interleaved)(
    const float *x, float *y, int64_t pairs, const float *cosines, const float *sines) {
  for (int64_t i = 0; i < pairs; i += LANE_COUNT) {
    int64_t first = 2 * (pairs - i), second = first - LANE_COUNT;
    vf low = ISA(load_part)(x + 2 * i, first), high = 0;
    if (second > 0) high = ISA(load_part)(x + 2 * i + LANE_COUNT, second);
    vf a = __builtin_shufflevector(
        low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    vf b = __builtin_shufflevector(
        low, high, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    ISA(rotate)(&a, &b, ISA(load)(cosines + i), ISA(load)(sines + i));
    low = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    high = __builtin_shufflevector(
        a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    ISA(store_part)(y + 2 * i, low, first);
    if (second > 0) ISA(store_part)(y + 2 * i + LANE_COUNT, high, second);
  }
}

static void ISA(rotary)(const apus_kernel_arguments *arguments, const apus_worker *worker) {
  const float *x = arguments->buffers[0], *frequencies = arguments->buffers[2];
  const int32_t *positions = arguments->buffers[1];
  float *y = arguments->buffers[3];
  int64_t heads = arguments->sizes[1], head = arguments->sizes[2], rotary = arguments->sizes[3];
  int64_t interleaved = arguments->sizes[4], pairs = rotary / 2;
  float *cosines = worker->scratch, *sines = cosines + apus_round_up(pairs);
  apus_range tokens = apus_static_range(arguments->sizes[0], worker);
  for (int64_t t = tokens.begin; t < tokens.end; t++) {
    ISA(rotary_angles)(
        positions[t], frequencies, pairs, arguments->scalars[0], cosines, sines);
    for (int64_t h = 0; h < heads; h++) {
      const float *from = x + (t * heads + h) * head;
      float *to = y + (t * heads + h) * head;
      if (interleaved)
        ISA(rotary_interleaved)(from, to, pairs, cosines, sines);
      else
        ISA(rotary_halves)(from, to, pairs, cosines, sines);
      if (from != to && rotary < head)
        memcpy(to + rotary, from + rotary, (size_t)(head - rotary) * sizeof(float));
    }
  }
}
