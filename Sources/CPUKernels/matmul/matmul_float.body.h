// Matmul with weights in f32, f16 or bf16: see matmul_float.h for the order and the tiles.

// ---- One native vector: 8 or 16 of the 16 lanes of a sum ----

#define vector ISA(vector)
#define operand ISA(operand)
#define vector_zero ISA(vector_zero)
#define vector_load ISA(vector_load)
#define vector_store ISA(vector_store)
#define load_x ISA(load_x)
#define load_w ISA(load_w)
#define multiply_add ISA(multiply_add)

#define NATIVE_BF16 \
  (APUS_MATMUL_FORMAT == APUS_MATMUL_BF16 && ISA_LEVEL == APUS_LEVEL_AVX512_BF16)

#if ISA_LEVEL >= APUS_LEVEL_AVX512

#define HALVES 1       // native vectors in 16 lanes
#define TILE_ROWS 4  // 24 accumulators, 4 + 1 operands and a mask in 32 registers
#define TILE_COLUMNS 6
typedef __m512 vector;
APUS_INLINE vector vector_zero(void) { return _mm512_setzero_ps(); }
APUS_INLINE vector vector_load(const float *p) { return _mm512_loadu_ps(p); }
APUS_INLINE void vector_store(float *p, vector a) { _mm512_storeu_ps(p, a); }

#if APUS_MATMUL_FORMAT == APUS_MATMUL_BF16
APUS_INLINE vector ISA(load_pairs)(const uint16_t *p, int substep) {
  __m512i pairs = _mm512_loadu_si512(p);
#if !NATIVE_BF16
  pairs = substep == 0 ? _mm512_and_si512(pairs, _mm512_set1_epi32((int)0xffff0000))
                       : _mm512_slli_epi32(pairs, 16);
#endif
  (void)substep;
  return _mm512_castsi512_ps(pairs);
}
#elif APUS_MATMUL_FORMAT == APUS_MATMUL_F16
APUS_INLINE vector ISA(load_halves)(const uint16_t *p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
#endif

#elif ISA_LEVEL == APUS_LEVEL_AVX2

#define HALVES 2
#if APUS_MATMUL_FORMAT == APUS_MATMUL_F32
#define TILE_ROWS 3  // 12 accumulators of one half, 3 + 1 operands in 16 registers
#define TILE_COLUMNS 4
#else
#define TILE_ROWS 2  // 10 accumulators, 2 + 1 operands, 3 to widen them
#define TILE_COLUMNS 5
#endif
typedef __m256 vector;
APUS_INLINE vector vector_zero(void) { return _mm256_setzero_ps(); }
APUS_INLINE vector vector_load(const float *p) { return _mm256_loadu_ps(p); }
APUS_INLINE void vector_store(float *p, vector a) { _mm256_storeu_ps(p, a); }

#if APUS_MATMUL_FORMAT == APUS_MATMUL_BF16
APUS_INLINE vector ISA(load_pairs)(const uint16_t *p, int substep) {
  __m256i pairs = _mm256_loadu_si256((const __m256i *)p);
  return _mm256_castsi256_ps(
      substep == 0 ? _mm256_and_si256(pairs, _mm256_set1_epi32((int)0xffff0000))
                   : _mm256_slli_epi32(pairs, 16));
}
#elif APUS_MATMUL_FORMAT == APUS_MATMUL_F16
APUS_INLINE vector ISA(load_halves)(const uint16_t *p) {
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}
#endif

#else

#define HALVES 1
#define TILE_ROWS 1
#define TILE_COLUMNS 4
typedef f32x16 vector;
APUS_INLINE vector vector_zero(void) { return f32x16_splat(0); }
APUS_INLINE vector vector_load(const float *p) { return f32x16_load(p); }
APUS_INLINE void vector_store(float *p, vector a) { f32x16_store(p, a); }

#if APUS_MATMUL_FORMAT == APUS_MATMUL_BF16
APUS_INLINE vector ISA(load_pairs)(const uint16_t *p, int substep) {
  vector r;
  for (int l = 0; l < 16; l++) r.lane[l] = apus_float_from_bf16(p[2 * l + 1 - substep]);
  return r;
}
#elif APUS_MATMUL_FORMAT == APUS_MATMUL_F16
APUS_INLINE vector ISA(load_halves)(const uint16_t *p) { return f32x16_load_f16(p); }
#endif

#endif

#define HALF_LANES (16 / HALVES)

// ---- Operands of one step ----

#if APUS_MATMUL_FORMAT == APUS_MATMUL_BF16
#define SUBSTEPS (NATIVE_BF16 ? 1 : 2)  // odd elements, then even ones
APUS_INLINE vector load_x(const x_element *p, int half, int substep) {
  return ISA(load_pairs)(p + 2 * HALF_LANES * half, substep);
}
APUS_INLINE vector load_w(const w_element *p, int half, int substep) {
  return ISA(load_pairs)(p + 2 * HALF_LANES * half, substep);
}
#else
#define SUBSTEPS 1
APUS_INLINE vector load_x(const x_element *p, int half, int substep) {
  (void)substep;
  return vector_load(p + HALF_LANES * half);
}
APUS_INLINE vector load_w(const w_element *p, int half, int substep) {
  (void)substep;
#if APUS_MATMUL_FORMAT == APUS_MATMUL_F16
  return ISA(load_halves)(p + HALF_LANES * half);
#else
  return vector_load(p + HALF_LANES * half);
#endif
}
#endif

APUS_INLINE vector multiply_add(vector x, vector w, vector sum) {
#if NATIVE_BF16
  return _mm512_dpbf16_ps(sum, (__m512bh)x, (__m512bh)w);
#elif ISA_LEVEL >= APUS_LEVEL_AVX512
  return _mm512_fmadd_ps(x, w, sum);
#elif ISA_LEVEL == APUS_LEVEL_AVX2
  return _mm256_fmadd_ps(x, w, sum);
#else
  return f32x16_fma(x, w, sum);
#endif
}

// ---- One tile, over some steps of K ----

// One step for every output of the tile. With `together` 1 it covers one half of the lanes, else
// all.
APUS_INLINE void ISA(tile_step)(
    int rows, int columns, int together, int first_half, const x_element *const *x,
    const w_element *const *w, int64_t at, vector sums[TILE_ROWS][TILE_COLUMNS][HALVES]) {
#pragma unroll
  for (int h = 0; h < together; h++) {
#pragma unroll
    for (int s = 0; s < SUBSTEPS; s++) {
      // Pairs are loaded again for their even elements: kept, they would push sums out of
      // registers.
      if (SUBSTEPS > 1) __asm__("" : "+r"(at));
      vector xs[TILE_ROWS];
#pragma unroll
      for (int r = 0; r < rows; r++) xs[r] = load_x(x[r] + at, first_half + h, s);
#pragma unroll
      for (int c = 0; c < columns; c++) {
        vector ws = load_w(w[c] + at, first_half + h, s);
#pragma unroll
        for (int r = 0; r < rows; r++)
          sums[r][c][h] = multiply_add(xs[r], ws, sums[r][c][h]);
      }
    }
  }
}

// Continues the sums of a tile; `rows` and `columns` are constants wherever this is inlined.
APUS_INLINE void ISA(tile_of)(
    int rows, int columns, const apus_float_tile *tile, int64_t first, int64_t last,
    int prefetches) {
  const int together = rows == 1 ? HALVES : 1;
  const x_element *x[TILE_ROWS];
  const w_element *w[TILE_COLUMNS];
#pragma unroll
  for (int r = 0; r < rows; r++) x[r] = tile->x[r];
#pragma unroll
  for (int c = 0; c < columns; c++) w[c] = tile->w[c];
  const int64_t ahead = tile->prefetch_elements;

#pragma unroll
  for (int half = 0; half < HALVES; half += together) {
    vector sums[TILE_ROWS][TILE_COLUMNS][HALVES];
#pragma unroll
    for (int r = 0; r < rows; r++)
#pragma unroll
      for (int c = 0; c < columns; c++)
#pragma unroll
        for (int h = 0; h < together; h++)
          sums[r][c][h] = first == 0 ? vector_zero()
                                     : vector_load(tile->sums[r][c] + (half + h) * HALF_LANES);
    for (int64_t at = first; at < last; at += STEP) {
      if (prefetches && half == 0)
#pragma unroll
        for (int c = 0; c < columns; c++) __builtin_prefetch(w[c] + at + ahead, 0, 3);
      ISA(tile_step)(rows, columns, together, half, x, w, at, sums);
    }
    if (tile->has_tail) {
      const x_element *x_tail[TILE_ROWS];
      const w_element *w_tail[TILE_COLUMNS];
#pragma unroll
      for (int r = 0; r < rows; r++) x_tail[r] = tile->x_tail[r];
#pragma unroll
      for (int c = 0; c < columns; c++) w_tail[c] = tile->w_tail[c];
      ISA(tile_step)(rows, columns, together, half, x_tail, w_tail, 0, sums);
    }
#pragma unroll
    for (int r = 0; r < rows; r++)
#pragma unroll
      for (int c = 0; c < columns; c++)
#pragma unroll
        for (int h = 0; h < together; h++)
          vector_store(tile->sums[r][c] + (half + h) * HALF_LANES, sums[r][c][h]);
  }
}

#define TILE(name, rows) \
  static __attribute__((noinline)) void ISA(name)( \
      const apus_float_tile *tile, int64_t first, int64_t last) { \
    if (tile->prefetch_elements) \
      ISA(tile_of)(rows, TILE_COLUMNS, tile, first, last, 1); \
    else \
      ISA(tile_of)(rows, TILE_COLUMNS, tile, first, last, 0); \
  }
TILE(tile1, 1)
#if TILE_ROWS > 1
TILE(tile2, 2)
#endif
#if TILE_ROWS > 2
TILE(tile3, 3)
#endif
#if TILE_ROWS > 3
TILE(tile4, 4)
#endif
#undef TILE

APUS_INLINE void ISA(tile)(
    int64_t rows, const apus_float_tile *tile, int64_t first, int64_t last) {
  switch (rows) {
#if TILE_ROWS > 1
    case 2: ISA(tile2)(tile, first, last); break;
#endif
#if TILE_ROWS > 2
    case 3: ISA(tile3)(tile, first, last); break;
#endif
#if TILE_ROWS > 3
    case 4: ISA(tile4)(tile, first, last); break;
#endif
    default: ISA(tile1)(tile, first, last); break;
  }
}

// ---- A strip of columns ----

// Rows first_row ..< last_row of TILE_COLUMNS columns (fewer at the end of a segment: the last is
// then computed again in their place and not written).
//
// Not inlined, so that no arithmetic moves across a change of the floating-point modes.
static __attribute__((noinline)) void ISA(columns)(
    const apus_matmul *matmul, const apus_matmul_strip *strip, int64_t column, int64_t first_row,
    int64_t last_row, float *sums) {
  const x_element *activations = matmul->arguments->buffers[0];
  const w_element *weight = (const w_element *)strip->weight;
  const int64_t inner = matmul->inner, x_stride = X_STRIDE(inner), whole = inner / STEP * STEP;
  const int64_t rows = last_row - first_row, tiles = apus_ceiling(rows, TILE_ROWS);
  const int64_t valid = apus_minimum(TILE_COLUMNS, strip->last_column - column);
  apus_float_tile tile;
  for (int64_t c = 0; c < TILE_COLUMNS; c++)
    tile.w[c] = weight + (column + apus_minimum(c, valid - 1)) * inner;
  if (whole < inner)
    for (int64_t c = 0; c < TILE_COLUMNS; c++) {
      memset(tile.w_tail[c], 0, sizeof tile.w_tail[c]);
      memcpy(tile.w_tail[c], tile.w[c] + whole, (size_t)(inner - whole) * sizeof(w_element));
    }

  int64_t first = 0;
  do {
    int64_t last = apus_minimum(first + CHUNK, whole), is_last = last == whole;
    tile.has_tail = is_last && whole < inner;
    // The next chunk that will be read: of these columns, or the first one of the next.
    int64_t ahead = is_last ? TILE_COLUMNS * inner - first : last - first;
    for (int64_t t = 0; t < tiles; t++) {
      int64_t row = rows * t / tiles, count = rows * (t + 1) / tiles - row;
      for (int64_t r = 0; r < count; r++) {
        tile.x[r] = activations + (first_row + row + r) * x_stride;
        for (int64_t c = 0; c < TILE_COLUMNS; c++)
          tile.sums[r][c] = sums + ((row + r) * TILE_COLUMNS + c) * 16;
        if (tile.has_tail) {
          memset(tile.x_tail[r], 0, sizeof tile.x_tail[r]);
          memcpy(tile.x_tail[r], tile.x[r] + whole, (size_t)(inner - whole) * sizeof(x_element));
        }
      }
      tile.prefetch_elements = t == 0 ? ahead : 0;
      ISA(tile)(count, &tile, first, last);
    }
    first = last;
  } while (first < whole);

  for (int64_t r = 0; r < rows; r++) {
    float *out = strip->out + (first_row + r) * strip->out_stride + column;
    for (int64_t c = 0; c < valid; c++)
      out[c] = f32x16_reduce_add(f32x16_load(sums + (r * TILE_COLUMNS + c) * 16));
  }
}

static void ISA(strip)(
    const apus_matmul *matmul, const apus_matmul_strip *strip, uint8_t *scratch,
    int64_t scratch_bytes) {
  (void)scratch_bytes;
  uint32_t modes = FLUSHES_DENORMALS ? apus_flush_denormals() : 0;
  int64_t row_bytes = apus_maximum(1, X_STRIDE(matmul->inner) * (int64_t)sizeof(x_element));
  int64_t block = apus_minimum(apus_maximum(X_BLOCK_BYTES / row_bytes, 12), BLOCK_ROWS);
  for (int64_t row = strip->first_row; row < strip->last_row; row += block) {
    int64_t last = apus_minimum(row + block, strip->last_row);
    for (int64_t c = strip->first_column; c < strip->last_column; c += TILE_COLUMNS)
      ISA(columns)(matmul, strip, c, row, last, (float *)scratch);
  }
  if (FLUSHES_DENORMALS) apus_restore_modes(modes);
}

static void ISA(APUS_MATMUL_NAME)(
    const apus_kernel_arguments *arguments, const apus_worker *worker) {
  apus_matmul matmul = apus_matmul_from(
      arguments, TILE_COLUMNS, arguments->sizes[1] * (int64_t)sizeof(w_element), ISA_LEVEL);
  apus_matmul_run(&matmul, ISA(strip), worker);
}

#undef NATIVE_BF16
#undef HALVES
#undef HALF_LANES
#undef TILE_ROWS
#undef TILE_COLUMNS
#undef SUBSTEPS
