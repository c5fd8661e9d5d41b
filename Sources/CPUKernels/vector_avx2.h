// vector.h for AVX2: two ymm registers, lanes 0...7 and 8...15.
typedef struct { __m256 low, high; } f32x16;
typedef struct { __m256i low, high; } i32x16;
typedef struct { __m256i low, high; } m16;

#define APUS_EACH_F(name, op) \
  APUS_INLINE f32x16 name(f32x16 a, f32x16 b) { \
    return (f32x16){op(a.low, b.low), op(a.high, b.high)}; \
  }
#define APUS_EACH_I(name, op) \
  APUS_INLINE i32x16 name(i32x16 a, i32x16 b) { \
    return (i32x16){op(a.low, b.low), op(a.high, b.high)}; \
  }

// All bits of the lanes first ... first + 7 that lie below n.
APUS_INLINE __m256i ISA(lanes_below)(int64_t n, int first) {
  int count = n >= 16 ? 16 : n <= 0 ? 0 : (int)n;
  __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count - first), lane);
}

APUS_INLINE f32x16 f32x16_splat(float a) {
  return (f32x16){_mm256_set1_ps(a), _mm256_set1_ps(a)};
}
APUS_INLINE f32x16 f32x16_load(const float *p) {
  return (f32x16){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
APUS_INLINE void f32x16_store(float *p, f32x16 a) {
  _mm256_storeu_ps(p, a.low);
  _mm256_storeu_ps(p + 8, a.high);
}
APUS_INLINE f32x16 f32x16_load_part(const float *p, int64_t n) {
  return (f32x16){
      _mm256_maskload_ps(p, ISA(lanes_below)(n, 0)),
      _mm256_maskload_ps(p + 8, ISA(lanes_below)(n, 8))};
}
APUS_INLINE void f32x16_store_part(float *p, f32x16 a, int64_t n) {
  _mm256_maskstore_ps(p, ISA(lanes_below)(n, 0), a.low);
  _mm256_maskstore_ps(p + 8, ISA(lanes_below)(n, 8), a.high);
}
APUS_INLINE f32x16 f32x16_from_bits(i32x16 a) {
  return (f32x16){_mm256_castsi256_ps(a.low), _mm256_castsi256_ps(a.high)};
}
APUS_INLINE i32x16 i32x16_from_bits(f32x16 a) {
  return (i32x16){_mm256_castps_si256(a.low), _mm256_castps_si256(a.high)};
}

APUS_INLINE __m256 ISA(widen_bf16)(const uint16_t *p) {
  __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
APUS_INLINE __m256i ISA(round_bf16)(__m256 a) {
  __m256i bits = _mm256_castps_si256(a);
  __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  __m256i rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
  __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(a, a, _CMP_UNORD_Q));
  return _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
}
APUS_INLINE f32x16 f32x16_load_bf16(const uint16_t *p) {
  return (f32x16){ISA(widen_bf16)(p), ISA(widen_bf16)(p + 8)};
}
APUS_INLINE f32x16 f32x16_load_f16(const uint16_t *p) {
  return (f32x16){
      _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)),
      _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p + 8)))};
}
APUS_INLINE void f32x16_store_bf16(uint16_t *p, f32x16 a) {
  __m256i packed = _mm256_packus_epi32(ISA(round_bf16)(a.low), ISA(round_bf16)(a.high));
  _mm256_storeu_si256((__m256i *)p, _mm256_permute4x64_epi64(packed, 0xd8));
}
APUS_INLINE void f32x16_store_f16(uint16_t *p, f32x16 a) {
  _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph(a.low, _MM_FROUND_TO_NEAREST_INT));
  _mm_storeu_si128((__m128i *)(p + 8), _mm256_cvtps_ph(a.high, _MM_FROUND_TO_NEAREST_INT));
}
// There are no masked loads of 16-bit lanes: parts go through a buffer.
APUS_INLINE size_t ISA(part_bytes)(int64_t n) { return n >= 16 ? 32 : n <= 0 ? 0 : (size_t)n * 2; }
APUS_INLINE f32x16 f32x16_load_bf16_part(const uint16_t *p, int64_t n) {
  uint16_t lanes[16] = {0};
  memcpy(lanes, p, ISA(part_bytes)(n));
  return f32x16_load_bf16(lanes);
}
APUS_INLINE f32x16 f32x16_load_f16_part(const uint16_t *p, int64_t n) {
  uint16_t lanes[16] = {0};
  memcpy(lanes, p, ISA(part_bytes)(n));
  return f32x16_load_f16(lanes);
}
APUS_INLINE void f32x16_store_bf16_part(uint16_t *p, f32x16 a, int64_t n) {
  uint16_t lanes[16];
  f32x16_store_bf16(lanes, a);
  memcpy(p, lanes, ISA(part_bytes)(n));
}
APUS_INLINE void f32x16_store_f16_part(uint16_t *p, f32x16 a, int64_t n) {
  uint16_t lanes[16];
  f32x16_store_f16(lanes, a);
  memcpy(p, lanes, ISA(part_bytes)(n));
}

APUS_EACH_F(f32x16_add, _mm256_add_ps)
APUS_EACH_F(f32x16_sub, _mm256_sub_ps)
APUS_EACH_F(f32x16_mul, _mm256_mul_ps)
APUS_EACH_F(f32x16_div, _mm256_div_ps)
APUS_EACH_F(f32x16_max, _mm256_max_ps)
APUS_EACH_F(f32x16_min, _mm256_min_ps)
// a * b + c, rounded once.
APUS_INLINE f32x16 f32x16_fma(f32x16 a, f32x16 b, f32x16 c) {
  return (f32x16){
      _mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
APUS_INLINE f32x16 f32x16_sqrt(f32x16 a) {
  return (f32x16){_mm256_sqrt_ps(a.low), _mm256_sqrt_ps(a.high)};
}
#define APUS_ROUND(name, mode) \
  APUS_INLINE f32x16 name(f32x16 a) { \
    return (f32x16){ \
        _mm256_round_ps(a.low, (mode) | _MM_FROUND_NO_EXC), \
        _mm256_round_ps(a.high, (mode) | _MM_FROUND_NO_EXC)}; \
  }
APUS_ROUND(f32x16_floor, _MM_FROUND_TO_NEG_INF)
APUS_ROUND(f32x16_truncate, _MM_FROUND_TO_ZERO)
APUS_ROUND(f32x16_round, _MM_FROUND_TO_NEAREST_INT)
#undef APUS_ROUND
APUS_INLINE f32x16 f32x16_abs(f32x16 a) {
  __m256 sign = _mm256_set1_ps(-0.0f);
  return (f32x16){_mm256_andnot_ps(sign, a.low), _mm256_andnot_ps(sign, a.high)};
}
APUS_INLINE f32x16 f32x16_negate(f32x16 a) {
  __m256 sign = _mm256_set1_ps(-0.0f);
  return (f32x16){_mm256_xor_ps(a.low, sign), _mm256_xor_ps(a.high, sign)};
}

#define APUS_COMPARE(name, predicate) \
  APUS_INLINE m16 name(f32x16 a, f32x16 b) { \
    return (m16){ \
        _mm256_castps_si256(_mm256_cmp_ps(a.low, b.low, predicate)), \
        _mm256_castps_si256(_mm256_cmp_ps(a.high, b.high, predicate))}; \
  }
APUS_COMPARE(f32x16_less, _CMP_LT_OQ)
APUS_COMPARE(f32x16_less_equal, _CMP_LE_OQ)
APUS_COMPARE(f32x16_equal, _CMP_EQ_OQ)
#undef APUS_COMPARE
APUS_INLINE f32x16 f32x16_select(m16 m, f32x16 a, f32x16 b) {
  return (f32x16){
      _mm256_blendv_ps(b.low, a.low, _mm256_castsi256_ps(m.low)),
      _mm256_blendv_ps(b.high, a.high, _mm256_castsi256_ps(m.high))};
}
APUS_INLINE f32x16 f32x16_from_i32(i32x16 a) {
  return (f32x16){_mm256_cvtepi32_ps(a.low), _mm256_cvtepi32_ps(a.high)};
}

APUS_INLINE i32x16 i32x16_splat(int32_t a) {
  return (i32x16){_mm256_set1_epi32(a), _mm256_set1_epi32(a)};
}
APUS_INLINE i32x16 i32x16_load(const int32_t *p) {
  return (i32x16){
      _mm256_loadu_si256((const __m256i *)p), _mm256_loadu_si256((const __m256i *)(p + 8))};
}
APUS_INLINE void i32x16_store(int32_t *p, i32x16 a) {
  _mm256_storeu_si256((__m256i *)p, a.low);
  _mm256_storeu_si256((__m256i *)(p + 8), a.high);
}
// To nearest, ties to even; out of range and NaN give INT32_MIN.
APUS_INLINE i32x16 i32x16_from_f32(f32x16 a) {
  return (i32x16){_mm256_cvtps_epi32(a.low), _mm256_cvtps_epi32(a.high)};
}
APUS_EACH_I(i32x16_add, _mm256_add_epi32)
APUS_EACH_I(i32x16_sub, _mm256_sub_epi32)
APUS_EACH_I(i32x16_mul, _mm256_mullo_epi32)
APUS_EACH_I(i32x16_and, _mm256_and_si256)
APUS_EACH_I(i32x16_or, _mm256_or_si256)
APUS_EACH_I(i32x16_xor, _mm256_xor_si256)
// Logical shifts by n in 0 ... 31.
APUS_INLINE i32x16 i32x16_shift_left(i32x16 a, int n) {
  return (i32x16){_mm256_slli_epi32(a.low, n), _mm256_slli_epi32(a.high, n)};
}
APUS_INLINE i32x16 i32x16_shift_right(i32x16 a, int n) {
  return (i32x16){_mm256_srli_epi32(a.low, n), _mm256_srli_epi32(a.high, n)};
}
APUS_INLINE m16 i32x16_equal(i32x16 a, i32x16 b) {
  return (m16){_mm256_cmpeq_epi32(a.low, b.low), _mm256_cmpeq_epi32(a.high, b.high)};
}
APUS_INLINE m16 i32x16_less(i32x16 a, i32x16 b) {
  return (m16){_mm256_cmpgt_epi32(b.low, a.low), _mm256_cmpgt_epi32(b.high, a.high)};
}
APUS_INLINE m16 m16_and(m16 a, m16 b) {
  return (m16){_mm256_and_si256(a.low, b.low), _mm256_and_si256(a.high, b.high)};
}
APUS_INLINE m16 m16_or(m16 a, m16 b) {
  return (m16){_mm256_or_si256(a.low, b.low), _mm256_or_si256(a.high, b.high)};
}
APUS_INLINE m16 m16_not(m16 a) {
  __m256i ones = _mm256_set1_epi32(-1);
  return (m16){_mm256_xor_si256(a.low, ones), _mm256_xor_si256(a.high, ones)};
}
APUS_INLINE int m16_any(m16 a) {
  __m256i either = _mm256_or_si256(a.low, a.high);
  return !_mm256_testz_si256(either, either);
}

#define APUS_TREE(name, op) \
  APUS_INLINE float name(f32x16 a) { \
    __m256 eight = _mm256_##op##_ps(a.low, a.high); \
    __m128 upper = _mm256_extractf128_ps(eight, 1); \
    __m128 four = _mm_##op##_ps(_mm256_castps256_ps128(eight), upper); \
    __m128 two = _mm_##op##_ps(four, _mm_movehl_ps(four, four)); \
    return _mm_cvtss_f32(_mm_##op##_ss(two, _mm_movehdup_ps(two))); \
  }
APUS_TREE(f32x16_reduce_add, add)
APUS_TREE(f32x16_reduce_max, max)
APUS_TREE(f32x16_reduce_min, min)
#undef APUS_TREE
#undef APUS_EACH_F
#undef APUS_EACH_I
