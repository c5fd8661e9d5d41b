// Causal attention over paged keys and values, with grouped heads and online softmax.
//
// An item is (a run of up to 32 / group tokens of one request, one key-value head): its rows are
// all query heads of the group for all tokens of the run, at most 32, so that a block of keys and
// values is read from the pages once for 32 rows. Bytes: 2 head elements of the state per visible
// key, for every item; operations: 2 head FMAs per row and key, and one exponential. A decoding
// token has `group` rows and is bound by reading its pages; a prefill chunk has 32 rows and is
// bound by the FMAs.
//
// The order, which belongs to a row and its keys alone:
//   block   keys 32 b ... 32 b + 31 by absolute position. score = (sum over d ascending, one FMA
//           each, from 0) * scale. m' = max(m, scores); l = l e^(m - m') + e^(score - m') in 16
// lanes (key modulo 16, the lower sixteen first); out = out e^(m - m'), then one FMA per key,
// ascending. split   512 keys (16 blocks) begin afresh and are merged in order, m, l and out each
// scaled to the greater maximum. So splits may run on different threads without a change of bits.
//
// Keys beyond a row's position take no part: they are masked among the scores and not multiplied at
// all in the second product. What a row's neighbours see can therefore not reach it, not even a
// NaN.
//
// A block is 32 keys because a transposed block of keys, 32 x head floats, is 8 KB for a head of 64
// and stays in L1 with the rows' queries, and because 2 rows x 32 keys are eight AVX2 accumulators:
// as many as hide the latency of FMA (4 cycles, 2 a cycle).
//
// Scratch, in floats, with head padded to 16: block of keys and of values 2 x 32 x head, scores 32
// x 32, two accumulators 32 x head, sums and maxima. A head of 256 takes 137 KB.
#include "../elementwise/lanes.h"

#define BLOCK_KEYS 32
#define SPLIT_KEYS 512
#define MOST_ROWS 32

// The arguments of a launch, by name.
typedef struct attention_call {
  const float *query;
  const char *keys, *values;
  const int32_t *positions, *requests, *page_table;
  float *out;
  int64_t tokens, heads, kv_heads, group, head, padded, page, pages_per_request, type;
  float scale;
} attention_call;

// The memory of one item; rows of `padded` floats where not said otherwise.
typedef struct attention_scratch {
  float *keys;         // [padded][BLOCK_KEYS]: transposed
  float *values;       // [BLOCK_KEYS][padded]
  float *scores;       // [MOST_ROWS][BLOCK_KEYS], then the probabilities
  float *part;         // [MOST_ROWS][padded]: the present split
  float *merged;       // [MOST_ROWS][padded]: the splits before it
  float *part_sum;     // [MOST_ROWS][16]
  float *merged_sum;   // [MOST_ROWS]
  float *part_top;     // [MOST_ROWS]
  float *merged_top;   // [MOST_ROWS]
} attention_scratch;

// The query rows of an item.
typedef struct attention_rows {
  int64_t count;
  const float *query[MOST_ROWS];
  float *out[MOST_ROWS];
  int64_t visible[MOST_ROWS];  // keys 0 ..< visible
} attention_rows;

static attention_call attention_call_of(const apus_kernel_arguments *arguments) {
  const int64_t *sizes = arguments->sizes;
  return (attention_call){
      .query = arguments->buffers[0],
      .keys = arguments->buffers[1],
      .values = arguments->buffers[2],
      .positions = arguments->buffers[3],
      .requests = arguments->buffers[4],
      .page_table = arguments->buffers[5],
      .out = arguments->buffers[6],
      .tokens = sizes[0],
      .heads = sizes[1],
      .kv_heads = sizes[2],
      .group = sizes[2] ? sizes[1] / sizes[2] : 0,
      .head = sizes[3],
      .padded = apus_round_up(sizes[3]),
      .page = sizes[4],
      .pages_per_request = sizes[5],
      .type = sizes[6],
      .scale = arguments->scalars[0],
  };
}

static attention_scratch attention_scratch_in(float *memory, int64_t padded) {
  attention_scratch s;
  s.keys = memory;
  s.values = s.keys + BLOCK_KEYS * padded;
  s.scores = s.values + BLOCK_KEYS * padded;
  s.part = s.scores + MOST_ROWS * BLOCK_KEYS;
  s.merged = s.part + MOST_ROWS * padded;
  s.part_sum = s.merged + MOST_ROWS * padded;
  s.merged_sum = s.part_sum + MOST_ROWS * LANE_COUNT;
  s.part_top = s.merged_sum + MOST_ROWS;
  s.merged_top = s.part_top + MOST_ROWS;
  return s;
}

// A place among the keys of a request, walked upwards without a division per key.
typedef struct attention_cursor {
  const int32_t *page;  // of the page table
  int64_t place;        // within the page
} attention_cursor;

static inline attention_cursor attention_cursor_at(
    const attention_call *call, const int32_t *pages, int64_t key) {
  return (attention_cursor){pages + key / call->page, key % call->page};
}

// The element index of this key in a state; the cursor goes on to the next one.
static inline int64_t attention_next(
    const attention_call *call, attention_cursor *cursor, int64_t kv_head) {
  if (cursor->place == call->page) cursor->page++, cursor->place = 0;
  int64_t row = (*cursor->page * call->kv_heads + kv_head) * call->page + cursor->place++;
  return row * call->head;
}

// One past the last token of the run that begins at `first`: the same request, at most 32 rows.
static inline int64_t attention_run_end(const attention_call *call, int64_t first) {
  int64_t most = call->group < MOST_ROWS ? MOST_ROWS / call->group : 1;
  int64_t end = first + 1, limit = apus_least(call->tokens, first + most);
  while (end < limit && call->requests[end] == call->requests[first]) end++;
  return end;
}

#define APUS_BODY "attention/paged_attention.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_paged_attention = APUS_VARIANTS(paged_attention);
