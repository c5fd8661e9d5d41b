// Reading blocks of keys and values, and the product that both halves of attention share; included
// once per instruction set.

// Lanes first ..< n of a row of a state, from element `at`; lanes from n on are 0.
APUS_INLINE vf ISA(state_load)(const char *state, int64_t at, int64_t n, int64_t type) {
  switch (type) {
    case APUS_BFLOAT16: return ISA(load_bf16_part)((const uint16_t *)state + at, n);
    case APUS_FLOAT16: return ISA(load_f16_part)((const uint16_t *)state + at, n);
    default: return ISA(load_part)((const float *)state + at, n);
  }
}

// An 8 x 8 block at `from`, rows `from_step` apart, to its transpose at `to`, rows `to_step` apart.
APUS_INLINE void ISA(transpose_eight)(
    const float *from, int64_t from_step, float *to, int64_t to_step) {
  typedef float row __attribute__((ext_vector_type(8), aligned(4), may_alias));
  vf8 a[8], b[8];
  for (int i = 0; i < 8; i++) a[i] = *(const row *)(from + i * from_step);
  for (int i = 0; i < 4; i++) {
    b[2 * i] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
    b[2 * i + 1] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
  }
  for (int i = 0; i < 8; i += 4)
    for (int j = 0; j < 2; j++) {
      a[i + j] = __builtin_shufflevector(b[i + j], b[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      a[i + j + 2] = __builtin_shufflevector(b[i + j], b[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int i = 0; i < 4; i++) {
    vf8 low = __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    vf8 high = __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    *(row *)(to + i * to_step) = low;
    *(row *)(to + (i + 4) * to_step) = high;
  }
}

// Keys first ..< first + count, widened into s->values, then transposed into s->keys; further keys
// are 0.
static void ISA(attention_load_keys)(
    const attention_call *call, const attention_scratch *s, const int32_t *pages,
    int64_t kv_head, int64_t first, int64_t count) {
  int64_t eights = (count + 7) / 8 * 8;
  attention_cursor cursor = attention_cursor_at(call, pages, first);
  for (int64_t key = 0; key < eights; key++) {
    float *to = s->values + key * call->padded;
    if (key >= count) {
      memset(to, 0, (size_t)call->padded * sizeof(float));
      continue;
    }
    int64_t at = attention_next(call, &cursor, kv_head);
    for (int64_t d = 0; d < call->padded; d += LANE_COUNT)
      ISA(store)(to + d, ISA(state_load)(call->keys, at + d, call->head - d, call->type));
  }
  for (int64_t key = 0; key < eights; key += 8)
    for (int64_t d = 0; d < call->padded; d += 8)
      ISA(transpose_eight)(
          s->values + key * call->padded + d, call->padded, s->keys + d * BLOCK_KEYS + key,
          BLOCK_KEYS);
  if (eights < BLOCK_KEYS)
    for (int64_t d = 0; d < call->padded; d++)
      memset(
          s->keys + d * BLOCK_KEYS + eights, 0, (size_t)(BLOCK_KEYS - eights) * sizeof(float));
}

static void ISA(attention_load_values)(
    const attention_call *call, const attention_scratch *s, const int32_t *pages,
    int64_t kv_head, int64_t first, int64_t count) {
  attention_cursor cursor = attention_cursor_at(call, pages, first);
  for (int64_t key = 0; key < count; key++) {
    int64_t at = attention_next(call, &cursor, kv_head);
    float *to = s->values + key * call->padded;
    for (int64_t d = 0; d < call->padded; d += LANE_COUNT)
      ISA(store)(to + d, ISA(state_load)(call->values, at + d, call->head - d, call->type));
  }
}

// out[r][...] = out[r][...] * scales[r] + sum over k ascending of rows[r][k] * block[k][...], for
// `count` (a constant after inlining) rows and 16 `vectors` columns. Where scales is NULL, out
// begins at 0.
APUS_INLINE void ISA(multiply_tile)(
    const int count, const int vectors, const float *const *rows, const float *block,
    int64_t step, int64_t depth, const float *scales, float *const *out) {
  vf sum[4][2];
  for (int r = 0; r < count; r++)
    for (int v = 0; v < vectors; v++)
      sum[r][v] = scales ? ISA(load)(out[r] + v * LANE_COUNT) * scales[r] : (vf)0.0f;
  for (int64_t k = 0; k < depth; k++) {
    vf b[2];
    for (int v = 0; v < vectors; v++) b[v] = ISA(load)(block + k * step + v * LANE_COUNT);
    for (int r = 0; r < count; r++) {
      vf a = (vf)rows[r][k];
      for (int v = 0; v < vectors; v++) sum[r][v] = APUS_FMA(a, b[v], sum[r][v]);
    }
  }
  for (int r = 0; r < count; r++)
    for (int v = 0; v < vectors; v++) ISA(store)(out[r] + v * LANE_COUNT, sum[r][v]);
}

// The same for any number of columns, a multiple of 16.
APUS_INLINE void ISA(multiply_rows)(
    const int count, const float *const *rows, const float *block, int64_t columns, int64_t depth,
    const float *scales, float *const *out) {
  float *at[4];
  int64_t c = 0;
  for (; c + 2 * LANE_COUNT <= columns; c += 2 * LANE_COUNT) {
    for (int r = 0; r < count; r++) at[r] = out[r] + c;
    ISA(multiply_tile)(count, 2, rows, block + c, columns, depth, scales, at);
  }
  if (c < columns) {
    for (int r = 0; r < count; r++) at[r] = out[r] + c;
    ISA(multiply_tile)(count, 1, rows, block + c, columns, depth, scales, at);
  }
}

// As many rows at a time as the registers hold: 4 x 2 of 32, or 2 x 2 pairs of 16.
#if ISA_LEVEL >= APUS_LEVEL_AVX512
#define TILE_ROWS 4
#else
#define TILE_ROWS 2
#endif

static __attribute__((noinline)) void ISA(multiply_many)(
    const float *const *rows, const float *block, int64_t columns, int64_t depth,
    const float *scales, float *const *out) {
  ISA(multiply_rows)(TILE_ROWS, rows, block, columns, depth, scales, out);
}

static __attribute__((noinline)) void ISA(multiply_one)(
    const float *const *rows, const float *block, int64_t columns, int64_t depth,
    const float *scales, float *const *out) {
  ISA(multiply_rows)(1, rows, block, columns, depth, scales, out);
}
