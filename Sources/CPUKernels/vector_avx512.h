// vector.h for AVX-512: one zmm register.
typedef __m512 f32x16;
typedef __m512i i32x16;
typedef __mmask16 m16;

APUS_INLINE __mmask16 ISA(first_lanes)(int64_t n) {
  return n >= 16 ? 0xffff : n <= 0 ? 0 : (__mmask16)((1u << n) - 1);
}

APUS_INLINE f32x16 f32x16_splat(float a) { return _mm512_set1_ps(a); }
APUS_INLINE f32x16 f32x16_load(const float *p) { return _mm512_loadu_ps(p); }
APUS_INLINE void f32x16_store(float *p, f32x16 a) { _mm512_storeu_ps(p, a); }
APUS_INLINE f32x16 f32x16_load_part(const float *p, int64_t n) {
  return _mm512_maskz_loadu_ps(ISA(first_lanes)(n), p);
}
APUS_INLINE void f32x16_store_part(float *p, f32x16 a, int64_t n) {
  _mm512_mask_storeu_ps(p, ISA(first_lanes)(n), a);
}
APUS_INLINE f32x16 f32x16_from_bits(i32x16 a) { return _mm512_castsi512_ps(a); }
APUS_INLINE i32x16 i32x16_from_bits(f32x16 a) { return _mm512_castps_si512(a); }

APUS_INLINE f32x16 ISA(widen_bf16)(__m256i a) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(a), 16));
}
APUS_INLINE __m256i ISA(narrow_bf16)(f32x16 a) {
  __m512i bits = _mm512_castps_si512(a);
  __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
  __mmask16 nan = _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
  rounded = _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x400000));
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16));
}
APUS_INLINE f32x16 f32x16_load_bf16(const uint16_t *p) {
  return ISA(widen_bf16)(_mm256_loadu_si256((const __m256i *)p));
}
APUS_INLINE f32x16 f32x16_load_f16(const uint16_t *p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
APUS_INLINE f32x16 f32x16_load_bf16_part(const uint16_t *p, int64_t n) {
  return ISA(widen_bf16)(_mm256_maskz_loadu_epi16(ISA(first_lanes)(n), p));
}
APUS_INLINE f32x16 f32x16_load_f16_part(const uint16_t *p, int64_t n) {
  return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(ISA(first_lanes)(n), p));
}
APUS_INLINE void f32x16_store_bf16(uint16_t *p, f32x16 a) {
  _mm256_storeu_si256((__m256i *)p, ISA(narrow_bf16)(a));
}
APUS_INLINE void f32x16_store_f16(uint16_t *p, f32x16 a) {
  _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}
APUS_INLINE void f32x16_store_bf16_part(uint16_t *p, f32x16 a, int64_t n) {
  _mm256_mask_storeu_epi16(p, ISA(first_lanes)(n), ISA(narrow_bf16)(a));
}
APUS_INLINE void f32x16_store_f16_part(uint16_t *p, f32x16 a, int64_t n) {
  __m256i half = _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT);
  _mm256_mask_storeu_epi16(p, ISA(first_lanes)(n), half);
}

APUS_INLINE f32x16 f32x16_add(f32x16 a, f32x16 b) { return _mm512_add_ps(a, b); }
APUS_INLINE f32x16 f32x16_sub(f32x16 a, f32x16 b) { return _mm512_sub_ps(a, b); }
APUS_INLINE f32x16 f32x16_mul(f32x16 a, f32x16 b) { return _mm512_mul_ps(a, b); }
APUS_INLINE f32x16 f32x16_div(f32x16 a, f32x16 b) { return _mm512_div_ps(a, b); }
APUS_INLINE f32x16 f32x16_max(f32x16 a, f32x16 b) { return _mm512_max_ps(a, b); }
APUS_INLINE f32x16 f32x16_min(f32x16 a, f32x16 b) { return _mm512_min_ps(a, b); }
// a * b + c, rounded once.
APUS_INLINE f32x16 f32x16_fma(f32x16 a, f32x16 b, f32x16 c) { return _mm512_fmadd_ps(a, b, c); }
APUS_INLINE f32x16 f32x16_sqrt(f32x16 a) { return _mm512_sqrt_ps(a); }
APUS_INLINE f32x16 f32x16_floor(f32x16 a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}
APUS_INLINE f32x16 f32x16_truncate(f32x16 a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}
APUS_INLINE f32x16 f32x16_round(f32x16 a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
APUS_INLINE f32x16 f32x16_abs(f32x16 a) { return _mm512_abs_ps(a); }
APUS_INLINE f32x16 f32x16_negate(f32x16 a) { return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f)); }

APUS_INLINE m16 f32x16_less(f32x16 a, f32x16 b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
APUS_INLINE m16 f32x16_less_equal(f32x16 a, f32x16 b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ);
}
APUS_INLINE m16 f32x16_equal(f32x16 a, f32x16 b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
APUS_INLINE f32x16 f32x16_select(m16 m, f32x16 a, f32x16 b) { return _mm512_mask_mov_ps(b, m, a); }
APUS_INLINE f32x16 f32x16_from_i32(i32x16 a) { return _mm512_cvtepi32_ps(a); }

APUS_INLINE i32x16 i32x16_splat(int32_t a) { return _mm512_set1_epi32(a); }
APUS_INLINE i32x16 i32x16_load(const int32_t *p) { return _mm512_loadu_si512(p); }
APUS_INLINE void i32x16_store(int32_t *p, i32x16 a) { _mm512_storeu_si512(p, a); }
// To nearest, ties to even; out of range and NaN give INT32_MIN.
APUS_INLINE i32x16 i32x16_from_f32(f32x16 a) { return _mm512_cvtps_epi32(a); }
APUS_INLINE i32x16 i32x16_add(i32x16 a, i32x16 b) { return _mm512_add_epi32(a, b); }
APUS_INLINE i32x16 i32x16_sub(i32x16 a, i32x16 b) { return _mm512_sub_epi32(a, b); }
APUS_INLINE i32x16 i32x16_mul(i32x16 a, i32x16 b) { return _mm512_mullo_epi32(a, b); }
APUS_INLINE i32x16 i32x16_and(i32x16 a, i32x16 b) { return _mm512_and_si512(a, b); }
APUS_INLINE i32x16 i32x16_or(i32x16 a, i32x16 b) { return _mm512_or_si512(a, b); }
APUS_INLINE i32x16 i32x16_xor(i32x16 a, i32x16 b) { return _mm512_xor_si512(a, b); }
// Logical shifts by n in 0 ... 31.
APUS_INLINE i32x16 i32x16_shift_left(i32x16 a, int n) {
  return _mm512_slli_epi32(a, (unsigned)n);
}
APUS_INLINE i32x16 i32x16_shift_right(i32x16 a, int n) {
  return _mm512_srli_epi32(a, (unsigned)n);
}
APUS_INLINE m16 i32x16_equal(i32x16 a, i32x16 b) { return _mm512_cmpeq_epi32_mask(a, b); }
APUS_INLINE m16 i32x16_less(i32x16 a, i32x16 b) { return _mm512_cmplt_epi32_mask(a, b); }
APUS_INLINE m16 m16_and(m16 a, m16 b) { return a & b; }
APUS_INLINE m16 m16_or(m16 a, m16 b) { return a | b; }
APUS_INLINE m16 m16_not(m16 a) { return (m16)~a; }
APUS_INLINE int m16_any(m16 a) { return a != 0; }

#define APUS_TREE_512(name, op)                                             \
  APUS_INLINE float name(f32x16 a) {                                        \
    __m256 high = _mm512_extractf32x8_ps(a, 1);                             \
    __m256 eight = _mm256_##op##_ps(_mm512_castps512_ps256(a), high);       \
    __m128 upper = _mm256_extractf128_ps(eight, 1);                         \
    __m128 four = _mm_##op##_ps(_mm256_castps256_ps128(eight), upper);      \
    __m128 two = _mm_##op##_ps(four, _mm_movehl_ps(four, four));            \
    return _mm_cvtss_f32(_mm_##op##_ss(two, _mm_movehdup_ps(two)));         \
  }
APUS_TREE_512(f32x16_reduce_add, add)
APUS_TREE_512(f32x16_reduce_max, max)
APUS_TREE_512(f32x16_reduce_min, min)
#undef APUS_TREE_512
