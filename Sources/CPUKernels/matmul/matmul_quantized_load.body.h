// What the quantised matmuls of one and of many rows share: see matmul_quantized.h. Needs AVX2 or
// better.

// What the product of a block with x has too much of, in sums of x.
#if APUS_MATMUL_FORMAT == APUS_MATMUL_Q8_0
#define OFFSET (ISA_LEVEL >= APUS_LEVEL_AVX512 ? 128 : 0)
#elif APUS_MATMUL_FORMAT == APUS_MATMUL_Q4_0
#define OFFSET 8
#else
#define OFFSET 0
#endif

// The float16 numbers `at` bytes into 8 blocks or rows.
APUS_INLINE __m256 ISA(eight_halves)(const uint8_t *const block[8], int64_t at) {
  __m128i v = _mm_setr_epi16(
      (short)apus_load_u16(block[0] + at), (short)apus_load_u16(block[1] + at),
      (short)apus_load_u16(block[2] + at), (short)apus_load_u16(block[3] + at),
      (short)apus_load_u16(block[4] + at), (short)apus_load_u16(block[5] + at),
      (short)apus_load_u16(block[6] + at), (short)apus_load_u16(block[7] + at));
  return _mm256_cvtph_ps(v);
}

// Four dwords of k for each of 8 rows: out[g] holds dword g of row 0, 1, ... 7.
APUS_INLINE void ISA(gather_groups)(const uint8_t *const rows[8], int64_t at, __m256i out[4]) {
  __m256i a[4], b[4];
#pragma unroll
  for (int i = 0; i < 4; i++)
    a[i] = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(rows[i] + at))),
        _mm_loadu_si128((const __m128i *)(rows[i + 4] + at)), 1);
  b[0] = _mm256_unpacklo_epi32(a[0], a[1]);
  b[1] = _mm256_unpacklo_epi32(a[2], a[3]);
  b[2] = _mm256_unpackhi_epi32(a[0], a[1]);
  b[3] = _mm256_unpackhi_epi32(a[2], a[3]);
  out[0] = _mm256_unpacklo_epi64(b[0], b[1]);
  out[1] = _mm256_unpackhi_epi64(b[0], b[1]);
  out[2] = _mm256_unpacklo_epi64(b[2], b[3]);
  out[3] = _mm256_unpackhi_epi64(b[2], b[3]);
}

// Fetches into L2 what lies `distance` bytes after block b of 8 rows, every line of it at least
// once: two blocks of nibbles are less than a line.
APUS_INLINE void ISA(prefetch_eight)(const uint8_t *const rows[8], int64_t b, int64_t distance) {
  const int count = BLOCK_BYTES > 32 ? 8 : 4;
  const int64_t first = BLOCK_BYTES > 32 ? 0 : 4 * (b & 1);
#pragma unroll
  for (int i = 0; i < count; i++)
    __builtin_prefetch(rows[first + i] + b * BLOCK_BYTES + distance, 0, 2);
}
