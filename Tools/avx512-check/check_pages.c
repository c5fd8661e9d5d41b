// Stores to pages, attention over pages, sampling.
#include "check.h"

static const int64_t head_sizes[] = {8, 20, 64, 72, 128}, page_sizes[] = {1, 16, 128};
static const int32_t types[] = {APUS_FLOAT32, APUS_BFLOAT16, APUS_FLOAT16};

static int64_t type_bytes(int32_t type) { return type == APUS_FLOAT32 ? 4 : 2; }

static void check_store_pages(void) {
  check_group group = group_begin(&apus_store_pages);
  for (int kind = 0; kind < INPUT_KINDS; kind++)
    for (int h = 0; h < 5; h++)
      for (int p = 0; p < 3; p++)
        for (int t = 0; t < 3; t++) {
          int64_t tokens = 5, heads = 2, head = head_sizes[h], page = page_sizes[p], slots = 128;
          case_begin();
          fill_floats(case_input(0, tokens * heads * head * 4), tokens * heads * head, kind);
          int32_t *slot = case_input(1, tokens * 4);
          for (int i = 0; i < tokens; i++)  // no slot twice
            slot[i] = i == 3 ? -1 : (int32_t)(random_below(slots / 8) * 8 + i);
          case_output(2, slots * heads * head * type_bytes(types[t]), OUTPUT_BYTES);
          int64_t *sizes = the_case.arguments.sizes;
          sizes[0] = tokens, sizes[1] = heads, sizes[2] = head, sizes[3] = page;
          sizes[4] = types[t];
          case_run(&group, "head %d, page %d, type %d, %s", head, page, (int64_t)types[t],
              input_names[kind]);
        }
  group_end(&group);
}

// `shape` 0: two requests, a decoding token and a short prefill; 1: one token that sees more than
// a split of 512 keys; 2: a prefill of more rows than a block; 3: more heads to a key than a
// block has rows.
static void check_attention_case(
    check_group *group, int shape, int64_t head, int64_t page, int32_t type, int kind) {
  static const int64_t head_counts[] = {6, 6, 4, 70}, token_counts[] = {5, 2, 19, 3};
  int64_t kv_heads = 2, heads = head_counts[shape], tokens = token_counts[shape];
  int64_t keys = shape == 1 ? 640 : 128, per_request = (keys + page - 1) / page, requests = 2;
  int64_t pages = per_request * requests, all = pages * kv_heads * page * head;
  case_begin();
  fill_floats(case_input(0, tokens * heads * head * 4), tokens * heads * head, kind);
  for (int i = 1; i <= 2; i++) {
    void *state = case_input(i, all * type_bytes(type));
    if (type == APUS_FLOAT32)
      fill_floats(state, all, kind);
    else
      fill_halves(state, all, kind, type);
  }
  int32_t *positions = case_input(3, tokens * 4), *owners = case_input(4, tokens * 4);
  for (int64_t i = 0; i < tokens; i++) {
    owners[i] = shape == 2 || i >= tokens - 1;
    positions[i] = (int32_t)(shape == 0   ? (i < tokens - 1 ? 30 + i : 70)
                             : shape == 1 ? (i ? 600 : 511)
                                          : i + 55);
  }
  int32_t *table = case_input(5, pages * 4);
  for (int64_t i = 0; i < pages; i++) table[i] = (int32_t)(pages - 1 - i);
  case_output(6, tokens * heads * head * 4, OUTPUT_FLOATS);
  int64_t *sizes = the_case.arguments.sizes;
  sizes[0] = tokens, sizes[1] = heads, sizes[2] = kv_heads, sizes[3] = head, sizes[4] = page;
  sizes[5] = per_request, sizes[6] = type;
  the_case.arguments.scalars[0] = 0.125f;
  case_run(group, "shape %d, head %d, page %d, type %d, %s", (int64_t)shape, head, page,
      (int64_t)type, input_names[kind]);
}

static void check_attention(void) {
  check_group group = group_begin(&apus_paged_attention);
  for (int h = 0; h < 5; h++)
    for (int p = 0; p < 3; p++)
      for (int t = 0; t < 3; t++)
        check_attention_case(
            &group, 0, head_sizes[h], page_sizes[p], types[t], (h + p + t) % 2 ? PLAIN : MODERATE);
  for (int kind = 0; kind < INPUT_KINDS; kind++)
    for (int t = 0; t < 3; t++) {
      check_attention_case(&group, 0, 20, 16, types[t], kind);
      check_attention_case(&group, 1, 20, 16, types[t], kind);
      check_attention_case(&group, 2, 20, 16, types[t], kind);
    }
  check_attention_case(&group, 2, 64, 16, APUS_FLOAT32, PLAIN);
  for (int t = 0; t < 3; t++) check_attention_case(&group, 3, 20, 16, types[t], PLAIN);
  group_end(&group);
}

static void check_sample(void) {
  static const int64_t widths[] = {1, 15, 16, 17, 100, 1000};
  static const float temperatures[] = {0, 1, 0.3f, 5, 1e-30f, 1, 1};
  static const float top_ps[] = {1, 1, 0.9f, 0.5f, 1, 0.99f, 1};
  static const float min_ps[] = {0, 0, 0, 0.05f, 0, 0.001f, 0.2f};
  static const int32_t top_ks[] = {0, 0, 40, 0, 0, 7, 0};
  check_group group = group_begin(&apus_sample);
  for (int kind = 0; kind < INPUT_KINDS; kind++)
    for (int w = 0; w < 6; w++) {
      int64_t rows = 28, n = widths[w];
      case_begin();
      fill_floats(case_input(0, rows * n * 4), rows * n, kind);
      float *temperature = case_input(1, rows * 4), *top_p = case_input(3, rows * 4);
      float *min_p = case_input(4, rows * 4);
      int32_t *top_k = case_input(2, rows * 4);
      for (int64_t i = 0; i < rows; i++) {
        temperature[i] = temperatures[i % 7], top_p[i] = top_ps[i % 7];
        min_p[i] = min_ps[i % 7], top_k[i] = top_ks[i % 7];
      }
      fill_bytes(case_input(5, rows * 8), rows * 8);
      fill_bytes(case_input(6, rows * 4), rows * 4);
      case_output(7, rows * 4, OUTPUT_BYTES);
      the_case.arguments.sizes[0] = rows, the_case.arguments.sizes[1] = n;
      case_run(&group, "n %d, %s", n, input_names[kind]);
    }
  group_end(&group);
}

void check_pages(void) {
  check_store_pages();
  check_attention();
  check_sample();
}
