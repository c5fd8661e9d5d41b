#include "../elementwise/lanes.body.h"
#include "../elementwise/math.body.h"

// NaN counts as -infinity.
APUS_INLINE vf ISA(logits_load)(const float *logits, int64_t n) {
  const float lowest = -__builtin_inff();
  vf x = ISA(keep)(ISA(load_part)(logits, n), n, lowest);
  return x == x ? x : (vf)lowest;
}

// The greatest logit, lower id first among equals; 0 if all are -infinity.
static int32_t ISA(sample_greedy)(const float *logits, int64_t n) {
  vf best = (vf)-__builtin_inff();
  vi place = 0;  // the vector where each lane found its best
  for (int64_t j = 0; j < n; j += LANE_COUNT) {
    vf x = ISA(logits_load)(logits + j, n - j);
    vi better = x > best;
    best = better ? x : best;
    place = better ? (vi)(int32_t)(j / LANE_COUNT) : place;
  }
  float top = ISA(maximum_lanes)(best);
  int32_t id = INT32_MAX;
  for (int32_t lane = 0; lane < LANE_COUNT; lane++) {
    int32_t candidate = place[lane] * LANE_COUNT + lane;
    if (best[lane] == top && candidate < id) id = candidate;
  }
  return id < n ? id : 0;
}

// Writes softmax(logits / temperature) and returns its sum, lanes of double in the fixed tree. A
// greatest logit of +infinity leaves weight to its equals only; no probability is NaN.
static double ISA(sample_probabilities)(
    const float *logits, float top, float temperature, float *probabilities, int64_t n) {
  vf sum = 0;
  for (int64_t j = 0; j < n; j += LANE_COUNT) {
    vf x = ISA(logits_load)(logits + j, n - j);
    vf exponent = x == top ? (vf)0.0f : (x - top) / temperature;
    vf e = ISA(exp)(exponent);
    e = exponent == exponent ? e : (vf)0.0f;
    sum += ISA(keep)(e, n - j, 0);
    ISA(store_part)(probabilities + j, e, n - j);
  }
  vf total = (vf)ISA(sum_lanes)(sum);
  vd8 low = 0, high = 0;
  for (int64_t j = 0; j < n; j += LANE_COUNT) {
    vf p = ISA(load_part)(probabilities + j, n - j) / total;
    ISA(store_part)(probabilities + j, p, n - j);
    low += __builtin_convertvector(p.lo, vd8);
    high += __builtin_convertvector(p.hi, vd8);
  }
  vd8 eight = low + high;
  double a = eight[0] + eight[4], b = eight[1] + eight[5];
  double c = eight[2] + eight[6], d = eight[3] + eight[7];
  return (a + c) + (b + d);
}

static int32_t ISA(sample_row)(
    const float *logits, int64_t n, const sample_settings *settings, const apus_worker *worker) {
  int32_t greedy = ISA(sample_greedy)(logits, n);
  int64_t needed = (int64_t)sizeof(ranking) + 12 * n;
  if (!(settings->temperature > 0) || needed > worker->scratch_bytes) return greedy;
  float top = logits[greedy];
  if (!(top > -__builtin_inff())) return 0;
  ranking *r = worker->scratch;
  float *probabilities = (float *)(r + 1);
  int32_t *ids = (int32_t *)(probabilities + n), *spare = ids + n;
  double sum = ISA(sample_probabilities)(logits, top, settings->temperature, probabilities, n);
  ranking_begin(r, probabilities, n, ids, spare);
  sample_cut cut = {r->positive, sum};
  if (!sample_cuts_nothing(settings, n)) cut = sample_cut_of(r, probabilities, settings);
  return sample_draw(r, probabilities, cut, settings->uniform);
}

static void ISA(sample)(const apus_kernel_arguments *arguments, const apus_worker *worker) {
  const float *logits = arguments->buffers[0], *temperatures = arguments->buffers[1];
  const int32_t *top_ks = arguments->buffers[2];
  const float *top_ps = arguments->buffers[3], *min_ps = arguments->buffers[4];
  const uint32_t *seeds = arguments->buffers[5], *counters = arguments->buffers[6];
  int32_t *tokens = arguments->buffers[7];
  int64_t rows = arguments->sizes[0], n = arguments->sizes[1];
  for (;;) {
    int64_t row = __atomic_fetch_add(worker->counter, 1, __ATOMIC_RELAXED);
    if (row >= rows) return;
    sample_settings settings = {
        .temperature = temperatures[row],
        .top_k = top_ks[row],
        .top_p = top_ps[row],
        .min_p = min_ps[row],
        .uniform = apus_philox_uniform(seeds[2 * row], seeds[2 * row + 1], counters[row]),
    };
    tokens[row] = n > 0 ? ISA(sample_row)(logits + row * n, n, &settings, worker) : 0;
  }
}
