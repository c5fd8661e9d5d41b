// Quantised matmul of two and more rows, with lanes = outputs: see matmul_quantized.h. Needs AVX2
// or better.

#if ISA_LEVEL >= APUS_LEVEL_AVX512
#define TILE_ROWS 8
#define TILE_PANELS 2
#else
#define TILE_ROWS 4
#define TILE_PANELS 1
#endif

// ---- Rearranging weights into a panel ----

// Block `at` bytes into 8 weight rows, into outputs first ... first + 7 of a panel.
APUS_INLINE void ISA(unpack_eight)(
    const uint8_t *const rows[8], int64_t at, int first, apus_panel *panel) {
  __m256i groups[4];
  ISA(gather_groups)(rows, at + QUANTS_AT, groups);
#if APUS_MATMUL_FORMAT == APUS_MATMUL_Q8_0
  const __m256i flip = _mm256_set1_epi8(ISA_LEVEL >= APUS_LEVEL_AVX512 ? (char)0x80 : 0);
#pragma unroll
  for (int g = 0; g < 4; g++)
    _mm256_storeu_si256(
        (__m256i *)panel->quants[g][first], _mm256_xor_si256(groups[g], flip));
  ISA(gather_groups)(rows, at + QUANTS_AT + 16, groups);
#pragma unroll
  for (int g = 0; g < 4; g++)
    _mm256_storeu_si256(
        (__m256i *)panel->quants[g + 4][first], _mm256_xor_si256(groups[g], flip));
#else
  const __m256i nibble = _mm256_set1_epi8(15);
#pragma unroll
  for (int g = 0; g < 4; g++) {
    _mm256_storeu_si256(
        (__m256i *)panel->quants[g][first], _mm256_and_si256(groups[g], nibble));
    _mm256_storeu_si256(
        (__m256i *)panel->quants[g + 4][first],
        _mm256_and_si256(_mm256_srli_epi16(groups[g], 4), nibble));
  }
#endif
  _mm256_storeu_ps(panel->scales + first, ISA(eight_halves)(rows, at));
#if HAS_MINIMUM
  _mm256_storeu_ps(panel->minimums + first, ISA(eight_halves)(rows, at + 2));
#endif
}

// Unpacks blocks first ..< last of 16 weight rows into panels[0], panels[TILE_PANELS], ... Rows
// past the last valid one are that one again. The same place of the next 16 rows is fetched
// meanwhile, into L2: 16 streams at once are too many for the hardware prefetchers.
static __attribute__((noinline)) void ISA(unpack)(
    const uint8_t *weight, int64_t row_bytes, int64_t valid, int64_t first, int64_t last,
    apus_panel *panels) {
  for (int half = 0; half < 2; half++) {
    const uint8_t *rows[8];
    for (int64_t i = 0; i < 8; i++)
      rows[i] = weight + apus_minimum(8 * half + i, valid - 1) * row_bytes;
    apus_panel *panel = panels;
    for (int64_t b = first; b < last; b++, panel += TILE_PANELS) {
      ISA(unpack_eight)(rows, b * BLOCK_BYTES, 8 * half, panel);
ISA(prefetch_eight)(rows, b, TILE_PANELS * PANEL_OUTPUTS * row_bytes);
    }
  }
}

// ---- A tile ----

// sums[r][p] += products of one block: panel p's outputs x row r. `rows` is a constant where
// inlined.
#if ISA_LEVEL >= APUS_LEVEL_AVX512

APUS_INLINE void ISA(block_of_tile)(
    int rows, const apus_panel *panels, const int8_t *q, i32x16 sums[TILE_ROWS][TILE_PANELS]) {
#pragma unroll
  for (int r = 0; r < rows; r++)
#pragma unroll
    for (int p = 0; p < TILE_PANELS; p++) sums[r][p] = _mm512_setzero_si512();
#pragma unroll
  for (int g = 0; g < 8; g++) {
    __m512i w[TILE_PANELS];
#pragma unroll
    for (int p = 0; p < TILE_PANELS; p++) w[p] = _mm512_loadu_si512(panels[p].quants[g]);
#pragma unroll
    for (int r = 0; r < rows; r++) {
      int32_t four;
      memcpy(&four, q + 32 * r + 4 * g, 4);
      __m512i x = _mm512_set1_epi32(four);
#pragma unroll
      for (int p = 0; p < TILE_PANELS; p++)
        sums[r][p] = _mm512_dpbusd_epi32(sums[r][p], w[p], x);
    }
  }
}

#else

// For q8_0 `sums` are of 32 bits; for nibbles they are 16-bit sums of pairs until the end of the
// block.
APUS_INLINE void ISA(block_of_half)(
    int rows, const apus_panel *panel, int half, const int8_t *q, __m256i sums[TILE_ROWS]) {
  const __m256i ones = _mm256_set1_epi16(1);
#pragma unroll
  for (int g = 0; g < 8; g++) {
    __m256i w = _mm256_loadu_si256((const __m256i *)panel->quants[g][8 * half]);
#pragma unroll
    for (int r = 0; r < rows; r++) {
      int32_t four;
      memcpy(&four, q + 32 * r + 4 * g, 4);
      __m256i x = _mm256_set1_epi32(four), products;
#if APUS_MATMUL_FORMAT == APUS_MATMUL_Q8_0
      products = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
      products = _mm256_madd_epi16(products, ones);
      sums[r] = g == 0 ? products : _mm256_add_epi32(sums[r], products);
#else
      products = _mm256_maddubs_epi16(w, x);
      sums[r] = g == 0 ? products : _mm256_add_epi16(sums[r], products);
#endif
    }
  }
#if APUS_MATMUL_FORMAT != APUS_MATMUL_Q8_0
#pragma unroll
  for (int r = 0; r < rows; r++) sums[r] = _mm256_madd_epi16(sums[r], ones);
#endif
}

APUS_INLINE void ISA(block_of_tile)(
    int rows, const apus_panel *panels, const int8_t *q, i32x16 sums[TILE_ROWS][TILE_PANELS]) {
  __m256i low[TILE_ROWS], high[TILE_ROWS];
  ISA(block_of_half)(rows, panels, 0, q, low);
  ISA(block_of_half)(rows, panels, 1, q, high);
#pragma unroll
  for (int r = 0; r < rows; r++) sums[r][0] = (i32x16){low[r], high[r]};
}

#endif

// Adds `blocks` blocks to y [rows][TILE_PANELS][16]; `at` is the place of the first row's first
// block.
APUS_INLINE void ISA(tile_of)(
    int rows, const apus_panel *panels, int64_t blocks, const apus_q8_rows *x, int64_t at,
    float *y) {
  const int8_t *q = x->q + 32 * at;
  const float *scales = x->scales + at;
  const int32_t *x_sums = x->sums + at;
  for (int64_t b = 0; b < blocks; b++) {
    i32x16 sums[TILE_ROWS][TILE_PANELS];
    ISA(block_of_tile)(rows, panels, q, sums);
#pragma unroll
    for (int r = 0; r < rows; r++) {
      f32x16 dx = f32x16_splat(scales[r]);
#pragma unroll
      for (int p = 0; p < TILE_PANELS; p++) {
        float *out = y + (r * TILE_PANELS + p) * PANEL_OUTPUTS;
        i32x16 sum = sums[r][p];
        if (OFFSET) sum = i32x16_sub(sum, i32x16_splat(OFFSET * x_sums[r]));
        f32x16 scale = f32x16_mul(f32x16_load(panels[p].scales), dx);
        f32x16 result = f32x16_fma(f32x16_from_i32(sum), scale, f32x16_load(out));
#if HAS_MINIMUM
        f32x16 minimum = f32x16_mul(f32x16_load(panels[p].minimums), dx);
        result = f32x16_fma(f32x16_splat((float)x_sums[r]), minimum, result);
#endif
        f32x16_store(out, result);
      }
    }
    panels += TILE_PANELS;
    q += 32 * x->rows;
    scales += x->rows;
    x_sums += x->rows;
  }
}

#define TILE(rows) \
  static __attribute__((noinline)) void ISA(APUS_PASTE(tile, rows))( \
      const apus_panel *panels, int64_t blocks, const apus_q8_rows *x, int64_t at, float *y) { \
    ISA(tile_of)(rows, panels, blocks, x, at, y); \
  }
TILE(1) TILE(2) TILE(3) TILE(4)
#if TILE_ROWS > 4
TILE(5) TILE(6) TILE(7) TILE(8)
#endif
#undef TILE

static void ISA(tile)(
    int64_t rows, const apus_panel *panels, int64_t blocks, const apus_q8_rows *x, int64_t at,
    float *y) {
#define CASE(rows) \
  case rows: ISA(APUS_PASTE(tile, rows))(panels, blocks, x, at, y); break;
  switch (rows) {
    CASE(1) CASE(2) CASE(3) CASE(4)
#if TILE_ROWS > 4
    CASE(5) CASE(6) CASE(7) CASE(8)
#endif
    default: break;
  }
#undef CASE
}

// ---- A strip of columns ----

// Unpacks blocks first ..< last of TILE_PANELS x 16 columns.
static void ISA(unpack_columns)(
    const apus_matmul *matmul, const apus_matmul_strip *strip, int64_t column, int64_t first,
    int64_t last, apus_panel *panels) {
  for (int64_t p = 0; p < TILE_PANELS; p++) {
    int64_t start = apus_minimum(column + p * PANEL_OUTPUTS, strip->last_column - 1);
    int64_t valid = apus_minimum(PANEL_OUTPUTS, strip->last_column - start);
    ISA(unpack)(
        strip->weight + start * matmul->weight_row_bytes, matmul->weight_row_bytes, valid, first,
        last, panels + p);
  }
}

// Rows first_row ..< last_row (at most BLOCK_ROWS) of TILE_PANELS x 16 columns. `unpacked`: the
// panels hold all of K; otherwise they are made chunk by chunk.
static void ISA(columns)(
    const apus_matmul *matmul, const apus_matmul_strip *strip, int64_t column, int64_t first_row,
    int64_t last_row, int unpacked, apus_panel *panels, float *y) {
  const apus_q8_rows x = apus_q8_rows_of(matmul);
  const int64_t rows = last_row - first_row, tiles = apus_ceiling(rows, TILE_ROWS);
  const int64_t width = TILE_PANELS * PANEL_OUTPUTS;
  memset(y, 0, (size_t)(rows * width) * 4);
  for (int64_t first = 0; first < x.blocks; first += CHUNK_BLOCKS) {
    int64_t last = apus_minimum(first + CHUNK_BLOCKS, x.blocks);
    if (!unpacked) ISA(unpack_columns)(matmul, strip, column, first, last, panels);
    const apus_panel *chunk = unpacked ? panels + first * TILE_PANELS : panels;
    for (int64_t t = 0; t < tiles; t++) {
      int64_t row = rows * t / tiles, count = rows * (t + 1) / tiles - row;
      ISA(tile)(
          count, chunk, last - first, &x, first * x.rows + first_row + row, y + row * width);
    }
  }
  int64_t valid = apus_minimum(width, strip->last_column - column);
  for (int64_t r = 0; r < rows; r++)
    memcpy(
        strip->out + (first_row + r) * strip->out_stride + column, y + r * width,
        (size_t)valid * 4);
}

static void ISA(strip_of_many_rows)(
    const apus_matmul *matmul, const apus_matmul_strip *strip, uint8_t *scratch,
    int64_t scratch_bytes) {
  const int64_t blocks = matmul->inner / 32, width = TILE_PANELS * PANEL_OUTPUTS;
  float *y = (float *)scratch;
  apus_panel *panels = (apus_panel *)(y + BLOCK_ROWS * width);
  const int64_t panel_bytes = (blocks + CHUNK_BLOCKS) * TILE_PANELS * (int64_t)sizeof(apus_panel);
  const int64_t rows = strip->last_row - strip->first_row;
  const int unpacked =
      rows > BLOCK_ROWS && panel_bytes + BLOCK_ROWS * width * 4 <= scratch_bytes;
  for (int64_t c = strip->first_column; c < strip->last_column; c += width) {
    if (unpacked) ISA(unpack_columns)(matmul, strip, c, 0, blocks, panels);
    for (int64_t row = strip->first_row; row < strip->last_row; row += BLOCK_ROWS) {
      int64_t last = apus_minimum(row + BLOCK_ROWS, strip->last_row);
      ISA(columns)(matmul, strip, c, row, last, unpacked, panels, y);
    }
  }
}
