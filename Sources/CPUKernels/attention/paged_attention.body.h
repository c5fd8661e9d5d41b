#include "../elementwise/lanes.body.h"
#include "../elementwise/math.body.h"
#include "attention_block.body.h"

APUS_INLINE float ISA(exp_one)(float x) { return ISA(exp)((vf)x)[0]; }

// Scores of a row to probabilities against the new maximum. Returns what the row's earlier sum and
// output must be scaled by. A maximum of -infinity (every score so far is that) counts as 0.
static float ISA(attention_update)(
    const attention_call *call, float *scores, int64_t visible, float *top, float *sums) {
  const float lowest = -__builtin_inff();
  vf low = ISA(load)(scores) * call->scale;
  vf high = ISA(load)(scores + LANE_COUNT) * call->scale;
  low = ISA(keep)(low, visible, lowest);
  high = ISA(keep)(high, visible - LANE_COUNT, lowest);
  float before = *top;
  float after = ISA(maximum_lanes)(ISA(maximum)(ISA(maximum)(low, high), (vf)before));
  float origin = after == lowest ? 0 : after;
  float factor = before == after ? 1 : ISA(exp_one)(before - origin);
  low = ISA(exp)(low - origin);
  high = ISA(exp)(high - origin);
  ISA(store)(scores, low);
  ISA(store)(scores + LANE_COUNT, high);
  ISA(store)(sums, APUS_FMA(ISA(load)(sums), (vf)factor, low) + high);
  *top = after;
  return factor;
}

// The block of keys that begins at `first`: rows that see none of it are left as they are.
static void ISA(attention_block)(
    const attention_call *call, const attention_scratch *s, const attention_rows *rows,
    const int32_t *pages, int64_t kv_head, int64_t first, int64_t count) {
  int64_t active[MOST_ROWS], visible[MOST_ROWS], n = 0;
  const float *from[MOST_ROWS];
  float *to[MOST_ROWS], factors[MOST_ROWS];
  for (int64_t r = 0; r < rows->count; r++) {
    if (rows->visible[r] <= first) continue;
    active[n] = r, visible[n] = apus_least(rows->visible[r] - first, BLOCK_KEYS);
    from[n] = rows->query[r], to[n] = s->scores + r * BLOCK_KEYS;
    n++;
  }
  ISA(attention_load_keys)(call, s, pages, kv_head, first, count);
  int64_t i = 0;
  for (; i + TILE_ROWS <= n; i += TILE_ROWS)
    ISA(multiply_many)(from + i, s->keys, BLOCK_KEYS, call->head, NULL, to + i);
  for (; i < n; i++)
    ISA(multiply_one)(from + i, s->keys, BLOCK_KEYS, call->head, NULL, to + i);

  for (i = 0; i < n; i++) {
    int64_t r = active[i];
    factors[i] = ISA(attention_update)(
        call, to[i], visible[i], &s->part_top[r], s->part_sum + r * LANE_COUNT);
    from[i] = to[i], to[i] = s->part + r * call->padded;
  }
  ISA(attention_load_values)(call, s, pages, kv_head, first, count);
  for (i = 0; i < n;) {
    int together = i + TILE_ROWS <= n;
    for (int k = 1; together && k < TILE_ROWS; k++) together = visible[i + k] == visible[i];
    if (together)
      ISA(multiply_many)(from + i, s->values, call->padded, visible[i], factors + i, to + i);
    else
      ISA(multiply_one)(from + i, s->values, call->padded, visible[i], factors + i, to + i);
    i += together ? TILE_ROWS : 1;
  }
}

// Adds the finished split of row r to those before it.
static void ISA(attention_merge)(
    const attention_call *call, const attention_scratch *s, int64_t r, int is_first) {
  float *merged = s->merged + r * call->padded, *part = s->part + r * call->padded;
  float sum = ISA(sum_lanes)(ISA(load)(s->part_sum + r * LANE_COUNT));
  if (is_first) {
    memcpy(merged, part, (size_t)call->padded * sizeof(float));
    s->merged_sum[r] = sum, s->merged_top[r] = s->part_top[r];
    return;
  }
  float a = s->merged_top[r], b = s->part_top[r], top = (a > b || a != a) ? a : b;
  float origin = top == -__builtin_inff() ? 0 : top;
  float scale_a = ISA(exp_one)(a - origin), scale_b = ISA(exp_one)(b - origin);
  for (int64_t d = 0; d < call->padded; d += LANE_COUNT) {
    vf scaled = ISA(load)(merged + d) * scale_a;
    ISA(store)(merged + d, APUS_FMA(ISA(load)(part + d), (vf)scale_b, scaled));
  }
  s->merged_sum[r] = __builtin_fmaf(sum, scale_b, s->merged_sum[r] * scale_a);
  s->merged_top[r] = top;
}

static void ISA(attention_rows_run)(
    const attention_call *call, const attention_scratch *s, const attention_rows *rows,
    const int32_t *pages, int64_t kv_head) {
  int64_t longest = 0;
  for (int64_t r = 0; r < rows->count; r++)
    if (rows->visible[r] > longest) longest = rows->visible[r];
  for (int64_t split = 0; split < longest; split += SPLIT_KEYS) {
    for (int64_t r = 0; r < rows->count; r++) s->part_top[r] = -__builtin_inff();
    memset(s->part_sum, 0, sizeof(float) * LANE_COUNT * (size_t)rows->count);
    memset(s->part, 0, sizeof(float) * (size_t)(call->padded * rows->count));
    int64_t end = apus_least(longest, split + SPLIT_KEYS);
    for (int64_t first = split; first < end; first += BLOCK_KEYS)
      ISA(attention_block)(
          call, s, rows, pages, kv_head, first, apus_least(end - first, BLOCK_KEYS));
    for (int64_t r = 0; r < rows->count; r++)
      if (rows->visible[r] > split) ISA(attention_merge)(call, s, r, split == 0);
  }
  for (int64_t r = 0; r < rows->count; r++)
    for (int64_t d = 0; d < call->head; d += LANE_COUNT) {
      vf value = 0;  // a row that sees no key is 0
      if (rows->visible[r] > 0)
        value = ISA(load)(s->merged + r * call->padded + d) / s->merged_sum[r];
      ISA(store_part)(rows->out[r] + d, value, call->head - d);
    }
}

// Tokens first ..< end, which belong to one request, for one key-value head.
static void ISA(attention_item)(
    const attention_call *call, const attention_scratch *s, int64_t first, int64_t end,
    int64_t kv_head) {
  const int32_t *pages =
      call->page_table + (int64_t)call->requests[first] * call->pages_per_request;
  for (int64_t g = 0; g < call->group; g += MOST_ROWS) {
    int64_t heads = apus_least(call->group - g, MOST_ROWS);
    attention_rows rows = {.count = 0};
    for (int64_t t = first; t < end; t++)
      for (int64_t h = 0; h < heads; h++) {
        int64_t at = (t * call->heads + kv_head * call->group + g + h) * call->head;
        rows.query[rows.count] = call->query + at;
        rows.out[rows.count] = call->out + at;
        rows.visible[rows.count] = (int64_t)call->positions[t] + 1;
        rows.count++;
      }
    ISA(attention_rows_run)(call, s, &rows, pages, kv_head);
  }
}

static void ISA(paged_attention)(
    const apus_kernel_arguments *arguments, const apus_worker *worker) {
  attention_call call = attention_call_of(arguments);
  attention_scratch s = attention_scratch_in(worker->scratch, call.padded);
  // Items differ in length: each thread takes the next one, walking the same list.
  int64_t next = __atomic_fetch_add(worker->counter, 1, __ATOMIC_RELAXED), item = 0;
  for (int64_t first = 0, end; first < call.tokens; first = end) {
    end = attention_run_end(&call, first);
    for (int64_t kv_head = 0; kv_head < call.kv_heads; kv_head++, item++) {
      if (item != next) continue;
      ISA(attention_item)(&call, &s, first, end, kv_head);
      next = __atomic_fetch_add(worker->counter, 1, __ATOMIC_RELAXED);
    }
  }
}

#undef TILE_ROWS
