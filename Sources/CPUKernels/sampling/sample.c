// Draws one token per row of logits.
//
// Bytes: 4 n read for the greedy answer; otherwise the logits twice (maximum, exponentials) and
// scratch of 4 n (probabilities) a few times, plus 8 n where nearly everything must be sorted.
// Operations: about 30 per logit, and the sorting of those that are needed. Threads take rows.
//
// The orders: e = exp((x - max) / temperature), summed in 16 lanes with the fixed tree; p = e /
// sum, float32. (The maximum is taken away before the division, so that no temperature overflows.)
// Candidates are ordered by p descending, lower id first among equals. Sums of p run through that
// order in double: in float32 a flat row of 128k entries would lose up to 0.4% of its mass to
// rounding, all of it at the end. Where nothing is cut away the sum of all p is taken in 16 lanes
// of double instead, so that the tail needs no sorting. A top_p of 1 or more cuts nothing, nor does
// a min_p of 0 or less.
//
// Scratch: 12 bytes per logit and 12 KB. A team's 4 MB hold APUS_SAMPLE_COLUMNS = 344,064 logits;
// the greatest vocabularies have 262,144. What is longer is answered greedily: plans must not come
// to that.
#include "../elementwise/lanes.h"
#include "philox.h"
#include "ranking.h"

typedef struct sample_settings {
  float temperature, top_p, min_p;
  int64_t top_k;
  float uniform;
} sample_settings;

// The kept entries are the first `kept` of the order, and their probabilities add up to `total`.
typedef struct sample_cut {
  int64_t kept;
  double total;
} sample_cut;

// Walks the order until one of the limits stops it.
static sample_cut sample_cut_of(
    ranking *r, const float *probabilities, const sample_settings *settings) {
  sample_cut cut = {0, 0};
  int64_t most = settings->top_k > 0 ? apus_least(settings->top_k, r->positive) : r->positive;
  float least = settings->min_p * probabilities[ranking_id(r, 0)];
  for (; cut.kept < most; cut.kept++) {
    float p = probabilities[ranking_id(r, cut.kept)];
    if (cut.kept > 0 && (cut.total >= settings->top_p || p < least)) break;
    cut.total += p;
  }
  return cut;
}

// The first kept entry whose running sum exceeds u times the sum of all kept.
static int32_t sample_draw(
    ranking *r, const float *probabilities, sample_cut cut, float uniform) {
  double target = (double)uniform * cut.total, sum = 0;
  for (int64_t i = 0; i + 1 < cut.kept; i++) {
    int32_t id = ranking_id(r, i);
    sum += probabilities[id];
    if (sum > target) return id;
  }
  return ranking_id(r, cut.kept - 1);
}

static int sample_cuts_nothing(const sample_settings *settings, int64_t n) {
  return (settings->top_k <= 0 || settings->top_k >= n) && settings->top_p >= 1 &&
         !(settings->min_p > 0);
}

#define APUS_BODY "sampling/sample.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_sample = APUS_VARIANTS(sample);
