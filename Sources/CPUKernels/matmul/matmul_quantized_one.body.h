// Quantised matmul of one row, with lanes along k: see matmul_quantized.h. Needs AVX2 or better.

// What the product of a block with x has too much of, as a multiple of the sum of x.
#if APUS_MATMUL_FORMAT == APUS_MATMUL_Q8_0
#define OFFSET (ISA_LEVEL >= APUS_LEVEL_AVX512 ? 128 : 0)
#elif APUS_MATMUL_FORMAT == APUS_MATMUL_Q4_0
#define OFFSET 8
#else
#define OFFSET 0
#endif

// Nibbles on AVX2 are added up in 16 bits: 8 products of 15 x 127 stay below 2^15.
#define SUMS_OF_16_BITS \
  (APUS_MATMUL_FORMAT != APUS_MATMUL_Q8_0 && ISA_LEVEL == APUS_LEVEL_AVX2)

// The 32 products of a block and x, added up in 8 lanes (16 lanes of 16 bits).
APUS_INLINE __m256i ISA(block_products)(const uint8_t *quants, __m256i x) {
#if APUS_MATMUL_FORMAT == APUS_MATMUL_Q8_0
  __m256i w = _mm256_loadu_si256((const __m256i *)quants);
#if ISA_LEVEL >= APUS_LEVEL_AVX512
  w = _mm256_xor_si256(w, _mm256_set1_epi8((char)0x80));
  return _mm256_dpbusd_epi32(_mm256_setzero_si256(), w, x);
#else
  __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
#endif
#else
  __m128i both = _mm_loadu_si128((const __m128i *)quants);
  __m256i w = _mm256_inserti128_si256(
      _mm256_castsi128_si256(both), _mm_srli_epi16(both, 4), 1);
  w = _mm256_and_si256(w, _mm256_set1_epi8(15));
#if ISA_LEVEL >= APUS_LEVEL_AVX512
  return _mm256_dpbusd_epi32(_mm256_setzero_si256(), w, x);
#else
  return _mm256_maddubs_epi16(w, x);
#endif
#endif
}

APUS_INLINE __m256i ISA(add_lanes)(__m256i a, __m256i b) {
  return SUMS_OF_16_BITS ? _mm256_add_epi16(a, b) : _mm256_add_epi32(a, b);
}

// Lane i of the result is the sum of the lanes of v[i].
APUS_INLINE __m256i ISA(sum_each)(const __m256i v[8]) {
  __m256i pairs[4], fours[2];
#pragma unroll
  for (int i = 0; i < 4; i++)
    pairs[i] = ISA(add_lanes)(
        _mm256_unpacklo_epi64(v[2 * i], v[2 * i + 1]),
        _mm256_unpackhi_epi64(v[2 * i], v[2 * i + 1]));
#pragma unroll
  for (int i = 0; i < 2; i++) {
    __m256 a = _mm256_castsi256_ps(pairs[2 * i]), b = _mm256_castsi256_ps(pairs[2 * i + 1]);
    fours[i] = ISA(add_lanes)(
        _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88)),
        _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xdd)));
    if (SUMS_OF_16_BITS) fours[i] = _mm256_madd_epi16(fours[i], _mm256_set1_epi16(1));
  }
  return _mm256_add_epi32(
      _mm256_permute2x128_si256(fours[0], fours[1], 0x20),
      _mm256_permute2x128_si256(fours[0], fours[1], 0x31));
}

// The float16 numbers at the start of 8 blocks.
APUS_INLINE __m256 ISA(eight_halves)(const uint8_t *const block[8], int at) {
  __m128i v = _mm_setr_epi16(
      (short)apus_load_u16(block[0] + at), (short)apus_load_u16(block[1] + at),
      (short)apus_load_u16(block[2] + at), (short)apus_load_u16(block[3] + at),
      (short)apus_load_u16(block[4] + at), (short)apus_load_u16(block[5] + at),
      (short)apus_load_u16(block[6] + at), (short)apus_load_u16(block[7] + at));
  return _mm256_cvtph_ps(v);
}

// What one row's kernel keeps in scratch; `padded` is the number of blocks rounded up to 8.
typedef struct {
  float *products, *scales, *minimums;  // [GROUP_ROWS][padded]
  float *x_scales, *x_sums;             // [padded], zero past the end
  int32_t *x_offsets;                   // [padded]
  int64_t padded;
} ISA(one_row);

// Bytes ahead of use that a weight row is fetched: about 0.4 us at 20 GB/s, well beyond memory's
// latency.
#define PREFETCH_BYTES 8192

// Products and scales of one weight row with x.
static __attribute__((noinline)) void ISA(multiply_row)(
    const ISA(one_row) *state, const uint8_t *row, const int8_t *q, int64_t blocks, int64_t slot) {
  float *products = state->products + slot * state->padded;
  float *scales = state->scales + slot * state->padded;
  for (int64_t b = 0; b < blocks; b += 8) {
    const uint8_t *block[8];
    __m256i v[8];
    const uint8_t *first = row + b * BLOCK_BYTES;
    const int8_t *x = q + b * 32;
#pragma unroll
    for (int line = 0; line < 8 * BLOCK_BYTES; line += 64)
      __builtin_prefetch(first + line + PREFETCH_BYTES, 0, 3);
    if (b + 8 <= blocks) {
#pragma unroll
      for (int i = 0; i < 8; i++) block[i] = first + i * BLOCK_BYTES;
    } else {  // the last block stands in for those past the end, which nobody reads
      for (int64_t i = 0; i < 8; i++)
        block[i] = first + apus_minimum(i, blocks - 1 - b) * BLOCK_BYTES;
    }
#pragma unroll
    for (int i = 0; i < 8; i++) {
      int64_t at = b + 8 <= blocks ? i : apus_minimum(i, blocks - 1 - b);
      v[i] = ISA(block_products)(
          block[i] + QUANTS_AT, _mm256_loadu_si256((const __m256i *)(x + 32 * at)));
    }
    __m256i sums = ISA(sum_each)(v);
    if (OFFSET)
      sums = _mm256_sub_epi32(
          sums, _mm256_loadu_si256((const __m256i *)(state->x_offsets + b)));
    __m256 dx = _mm256_loadu_ps(state->x_scales + b);
    _mm256_storeu_ps(products + b, _mm256_cvtepi32_ps(sums));
    _mm256_storeu_ps(scales + b, _mm256_mul_ps(ISA(eight_halves)(block, 0), dx));
#if HAS_MINIMUM
    _mm256_storeu_ps(
        state->minimums + slot * state->padded + b,
        _mm256_mul_ps(ISA(eight_halves)(block, 2), dx));
#endif
  }
}

// Lanes of out[i] are element i of eight rows.
APUS_INLINE void ISA(transpose)(const float *from, int64_t stride, __m256 out[8]) {
  __m256 a[8], b[8];
#pragma unroll
  for (int i = 0; i < 8; i++) {  // rows i % 4 and i % 4 + 4, elements 0...3 or 4...7
    const float *low = from + (i % 4) * stride + i / 4 * 4;
    a[i] = _mm256_insertf128_ps(
        _mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(low + 4 * stride), 1);
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    b[2 * i] = _mm256_unpacklo_ps(a[2 * i], a[2 * i + 1]);
    b[2 * i + 1] = _mm256_unpackhi_ps(a[2 * i], a[2 * i + 1]);
  }
#pragma unroll
  for (int i = 0; i < 2; i++) {
    const __m256 *p = b + 4 * i;
    out[4 * i] = _mm256_shuffle_ps(p[0], p[2], 0x44);
    out[4 * i + 1] = _mm256_shuffle_ps(p[0], p[2], 0xee);
    out[4 * i + 2] = _mm256_shuffle_ps(p[1], p[3], 0x44);
    out[4 * i + 3] = _mm256_shuffle_ps(p[1], p[3], 0xee);
  }
}

// y of eight weight rows: the blocks in order, lanes = rows.
static __attribute__((noinline)) void ISA(add_up)(
    const ISA(one_row) *state, int64_t blocks, float y[GROUP_ROWS]) {
  __m256 sum = _mm256_setzero_ps();
  for (int64_t b = 0; b < blocks; b += 8) {
    __m256 products[8], scales[8];
    ISA(transpose)(state->products + b, state->padded, products);
    ISA(transpose)(state->scales + b, state->padded, scales);
#if HAS_MINIMUM
    __m256 minimums[8];
    ISA(transpose)(state->minimums + b, state->padded, minimums);
#endif
    int64_t count = apus_minimum(8, blocks - b);
#pragma unroll
    for (int i = 0; i < 8; i++) {
      if (i >= count) break;
      sum = _mm256_fmadd_ps(products[i], scales[i], sum);
#if HAS_MINIMUM
      sum = _mm256_fmadd_ps(_mm256_broadcast_ss(state->x_sums + b + i), minimums[i], sum);
#endif
    }
  }
  _mm256_storeu_ps(y, sum);
}

static void ISA(strip_of_one_row)(
    const apus_matmul *matmul, const apus_matmul_strip *strip, uint8_t *scratch) {
  const apus_q8_rows x = apus_q8_rows_of(matmul);
  const int64_t padded = apus_ceiling(x.blocks, 8) * 8;
  float *at = (float *)scratch;
  ISA(one_row) state = {at, at + GROUP_ROWS * padded, at + 2 * GROUP_ROWS * padded,
      at + 3 * GROUP_ROWS * padded, at + (3 * GROUP_ROWS + 1) * padded,
      (int32_t *)(at + (3 * GROUP_ROWS + 2) * padded), padded};
  for (int64_t b = 0; b < padded; b++) {
    int32_t sum = b < x.blocks ? x.sums[b] : 0;
    state.x_scales[b] = b < x.blocks ? x.scales[b] : 0;
    state.x_sums[b] = (float)sum;
    state.x_offsets[b] = OFFSET * sum;
  }
  for (int64_t c = strip->first_column; c < strip->last_column; c += GROUP_ROWS) {
    int64_t valid = apus_minimum(GROUP_ROWS, strip->last_column - c);
    float y[GROUP_ROWS];
    for (int64_t i = 0; i < valid; i++)
      ISA(multiply_row)(
          &state, strip->weight + (c + i) * matmul->weight_row_bytes, x.q, x.blocks, i);
    for (int64_t i = valid; i < GROUP_ROWS; i++) {  // defined numbers in lanes that nobody reads
      memset(state.products + i * padded, 0, (size_t)padded * 4);
      memset(state.scales + i * padded, 0, (size_t)padded * 4);
      memset(state.minimums + i * padded, 0, (size_t)padded * 4);
    }
    ISA(add_up)(&state, x.blocks, y);
    memcpy(strip->out + c, y, (size_t)valid * 4);
  }
}
#undef PREFETCH_BYTES
#undef SUMS_OF_16_BITS
