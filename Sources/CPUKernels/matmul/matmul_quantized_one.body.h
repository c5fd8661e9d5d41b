// Quantised matmul of one row, with lanes = outputs: see matmul_quantized.h. Needs AVX2 or better.

// sum over the 32 k of a block of x times the integers of 8 rows: one lane a row.
#if APUS_MATMUL_FORMAT == APUS_MATMUL_Q8_0

APUS_INLINE __m256i ISA(products_of_eight)(
    const uint8_t *const rows[8], int64_t at, const int8_t *x) {
  __m256i sum = _mm256_setzero_si256();
#pragma unroll
  for (int half = 0; half < 2; half++) {
    __m256i groups[4];
    ISA(gather_groups)(rows, at + 16 * half, groups);
#pragma unroll
    for (int g = 0; g < 4; g++) {
      int32_t four;
      memcpy(&four, x + 16 * half + 4 * g, 4);
      __m256i xs = _mm256_set1_epi32(four), w = groups[g];
#if ISA_LEVEL >= APUS_LEVEL_AVX512
      w = _mm256_xor_si256(w, _mm256_set1_epi8((char)0x80));
      sum = _mm256_dpbusd_epi32(sum, w, xs);
#else
      __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(xs, w));
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
#endif
    }
  }
  return sum;
}

#else

APUS_INLINE __m256i ISA(products_of_eight)(
    const uint8_t *const rows[8], int64_t at, const int8_t *x) {
  const __m256i nibble = _mm256_set1_epi8(15);
  __m256i groups[4], sum;
  ISA(gather_groups)(rows, at, groups);
#pragma unroll
  for (int g = 0; g < 4; g++) {
    int32_t low, high;
    memcpy(&low, x + 4 * g, 4);
    memcpy(&high, x + 4 * g + 16, 4);
    __m256i w_low = _mm256_and_si256(groups[g], nibble);
    __m256i w_high = _mm256_and_si256(_mm256_srli_epi16(groups[g], 4), nibble);
    __m256i x_low = _mm256_set1_epi32(low), x_high = _mm256_set1_epi32(high);
#if ISA_LEVEL >= APUS_LEVEL_AVX512
    sum = _mm256_dpbusd_epi32(g == 0 ? _mm256_setzero_si256() : sum, w_low, x_low);
    sum = _mm256_dpbusd_epi32(sum, w_high, x_high);
#else
    __m256i both = _mm256_add_epi16(
        _mm256_maddubs_epi16(w_low, x_low), _mm256_maddubs_epi16(w_high, x_high));
    sum = g == 0 ? both : _mm256_add_epi16(sum, both);
#endif
  }
#if ISA_LEVEL == APUS_LEVEL_AVX2
  sum = _mm256_madd_epi16(sum, _mm256_set1_epi16(1));
#endif
  return sum;
}

#endif

// y of 8 weight rows; those past the last valid one are that one again. The same place of the next
// 8 rows is fetched meanwhile: 8 streams at once are too many for the hardware prefetchers.
static __attribute__((noinline)) void ISA(multiply_eight)(
    const apus_q8_rows *x, const uint8_t *weight, int64_t row_bytes, int64_t valid,
    float y[GROUP_ROWS]) {
  const uint8_t *rows[8];
  for (int64_t i = 0; i < 8; i++) rows[i] = weight + apus_minimum(i, valid - 1) * row_bytes;
  __m256 sum = _mm256_setzero_ps();
  for (int64_t b = 0; b < x->blocks; b++) {
    const int64_t at = b * BLOCK_BYTES;
    ISA(prefetch_eight)(rows, b, GROUP_ROWS * row_bytes);
    __m256i products = ISA(products_of_eight)(rows, at + QUANTS_AT, x->q + 32 * b);
    if (OFFSET)
      products = _mm256_sub_epi32(products, _mm256_set1_epi32(OFFSET * x->sums[b]));
    __m256 dx = _mm256_set1_ps(x->scales[b]);
    __m256 scale = _mm256_mul_ps(ISA(eight_halves)(rows, at), dx);
    sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products), scale, sum);
#if HAS_MINIMUM
    __m256 minimum = _mm256_mul_ps(ISA(eight_halves)(rows, at + 2), dx);
    sum = _mm256_fmadd_ps(_mm256_set1_ps((float)x->sums[b]), minimum, sum);
#endif
  }
  _mm256_storeu_ps(y, sum);
}

static void ISA(strip_of_one_row)(
    const apus_matmul *matmul, const apus_matmul_strip *strip) {
  const apus_q8_rows x = apus_q8_rows_of(matmul);
  for (int64_t c = strip->first_column; c < strip->last_column; c += GROUP_ROWS) {
    int64_t valid = apus_minimum(GROUP_ROWS, strip->last_column - c);
    float y[GROUP_ROWS];
    ISA(multiply_eight)(
        &x, strip->weight + c * matmul->weight_row_bytes, matmul->weight_row_bytes, valid, y);
    memcpy(strip->out + c, y, (size_t)valid * 4);
  }
}
