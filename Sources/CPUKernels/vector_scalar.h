// vector.h in plain C: an array of sixteen.
typedef struct { float lane[16]; } f32x16;
typedef struct { int32_t lane[16]; } i32x16;
typedef struct { int32_t lane[16]; } m16;  // -1 or 0

#define APUS_LANES for (int l = 0; l < 16; l++)
#define APUS_EACH(type, result, name, expression) \
  APUS_INLINE result name(type a, type b) { \
    result r; \
    APUS_LANES r.lane[l] = (expression); \
    return r; \
  }
#define APUS_EACH_OF_ONE(type, result, name, expression) \
  APUS_INLINE result name(type a) { \
    result r; \
    APUS_LANES r.lane[l] = (expression); \
    return r; \
  }
#define APUS_LOAD(name, type, expression) \
  APUS_INLINE f32x16 name(const type *p) { \
    f32x16 r; \
    APUS_LANES r.lane[l] = (expression); \
    return r; \
  } \
  APUS_INLINE f32x16 name##_part(const type *p, int64_t n) { \
    f32x16 r; \
    APUS_LANES r.lane[l] = l < n ? (expression) : 0; \
    return r; \
  }
#define APUS_STORE(name, type, expression) \
  APUS_INLINE void name(type *p, f32x16 a) { APUS_LANES p[l] = (expression); } \
  APUS_INLINE void name##_part(type *p, f32x16 a, int64_t n) { \
    APUS_LANES if (l < n) p[l] = (expression); \
  }

APUS_INLINE f32x16 f32x16_splat(float a) {
  f32x16 r;
  APUS_LANES r.lane[l] = a;
  return r;
}
APUS_INLINE f32x16 f32x16_load(const float *p) {
  f32x16 r;
  memcpy(r.lane, p, 64);
  return r;
}
APUS_INLINE void f32x16_store(float *p, f32x16 a) { memcpy(p, a.lane, 64); }
APUS_INLINE f32x16 f32x16_load_part(const float *p, int64_t n) {
  f32x16 r;
  APUS_LANES r.lane[l] = l < n ? p[l] : 0;
  return r;
}
APUS_INLINE void f32x16_store_part(float *p, f32x16 a, int64_t n) {
  APUS_LANES if (l < n) p[l] = a.lane[l];
}
APUS_INLINE f32x16 f32x16_from_bits(i32x16 a) {
  f32x16 r;
  memcpy(r.lane, a.lane, 64);
  return r;
}
APUS_INLINE i32x16 i32x16_from_bits(f32x16 a) {
  i32x16 r;
  memcpy(r.lane, a.lane, 64);
  return r;
}
APUS_LOAD(f32x16_load_bf16, uint16_t, apus_float_from_bf16(p[l]))
APUS_LOAD(f32x16_load_f16, uint16_t, apus_float_from_f16(p[l]))
APUS_STORE(f32x16_store_bf16, uint16_t, apus_bf16_from_float(a.lane[l]))
APUS_STORE(f32x16_store_f16, uint16_t, apus_f16_from_float(a.lane[l]))

APUS_EACH(f32x16, f32x16, f32x16_add, a.lane[l] + b.lane[l])
APUS_EACH(f32x16, f32x16, f32x16_sub, a.lane[l] - b.lane[l])
APUS_EACH(f32x16, f32x16, f32x16_mul, a.lane[l] * b.lane[l])
APUS_EACH(f32x16, f32x16, f32x16_div, a.lane[l] / b.lane[l])
APUS_EACH(f32x16, f32x16, f32x16_max, a.lane[l] > b.lane[l] ? a.lane[l] : b.lane[l])
APUS_EACH(f32x16, f32x16, f32x16_min, a.lane[l] < b.lane[l] ? a.lane[l] : b.lane[l])
// a * b + c, rounded once.
APUS_INLINE f32x16 f32x16_fma(f32x16 a, f32x16 b, f32x16 c) {
  f32x16 r;
  APUS_LANES r.lane[l] = fmaf(a.lane[l], b.lane[l], c.lane[l]);
  return r;
}
APUS_EACH_OF_ONE(f32x16, f32x16, f32x16_sqrt, sqrtf(a.lane[l]))
APUS_EACH_OF_ONE(f32x16, f32x16, f32x16_floor, floorf(a.lane[l]))
APUS_EACH_OF_ONE(f32x16, f32x16, f32x16_truncate, truncf(a.lane[l]))
APUS_EACH_OF_ONE(f32x16, f32x16, f32x16_round, rintf(a.lane[l]))
APUS_EACH_OF_ONE(f32x16, f32x16, f32x16_abs, fabsf(a.lane[l]))
APUS_EACH_OF_ONE(f32x16, f32x16, f32x16_negate, -a.lane[l])

APUS_EACH(f32x16, m16, f32x16_less, -(a.lane[l] < b.lane[l]))
APUS_EACH(f32x16, m16, f32x16_less_equal, -(a.lane[l] <= b.lane[l]))
APUS_EACH(f32x16, m16, f32x16_equal, -(a.lane[l] == b.lane[l]))
APUS_INLINE f32x16 f32x16_select(m16 m, f32x16 a, f32x16 b) {
  f32x16 r;
  APUS_LANES r.lane[l] = m.lane[l] ? a.lane[l] : b.lane[l];
  return r;
}
APUS_EACH_OF_ONE(i32x16, f32x16, f32x16_from_i32, (float)a.lane[l])

APUS_INLINE i32x16 i32x16_splat(int32_t a) {
  i32x16 r;
  APUS_LANES r.lane[l] = a;
  return r;
}
APUS_INLINE i32x16 i32x16_load(const int32_t *p) {
  i32x16 r;
  memcpy(r.lane, p, 64);
  return r;
}
APUS_INLINE void i32x16_store(int32_t *p, i32x16 a) { memcpy(p, a.lane, 64); }
// To nearest, ties to even; out of range and NaN give INT32_MIN.
APUS_EACH_OF_ONE(
    f32x16, i32x16, i32x16_from_f32,
    a.lane[l] >= -0x1p31f && a.lane[l] < 0x1p31f ? (int32_t)rintf(a.lane[l]) : INT32_MIN)
// Sums and products wrap round, as vector registers do.
APUS_EACH(i32x16, i32x16, i32x16_add, (int32_t)((uint32_t)a.lane[l] + (uint32_t)b.lane[l]))
APUS_EACH(i32x16, i32x16, i32x16_sub, (int32_t)((uint32_t)a.lane[l] - (uint32_t)b.lane[l]))
APUS_EACH(i32x16, i32x16, i32x16_mul, (int32_t)((uint32_t)a.lane[l] * (uint32_t)b.lane[l]))
APUS_EACH(i32x16, i32x16, i32x16_and, a.lane[l] & b.lane[l])
APUS_EACH(i32x16, i32x16, i32x16_or, a.lane[l] | b.lane[l])
APUS_EACH(i32x16, i32x16, i32x16_xor, a.lane[l] ^ b.lane[l])
// Logical shifts by n in 0 ... 31.
APUS_INLINE i32x16 i32x16_shift_left(i32x16 a, int n) {
  i32x16 r;
  APUS_LANES r.lane[l] = (int32_t)((uint32_t)a.lane[l] << n);
  return r;
}
APUS_INLINE i32x16 i32x16_shift_right(i32x16 a, int n) {
  i32x16 r;
  APUS_LANES r.lane[l] = (int32_t)((uint32_t)a.lane[l] >> n);
  return r;
}
APUS_EACH(i32x16, m16, i32x16_equal, -(a.lane[l] == b.lane[l]))
APUS_EACH(i32x16, m16, i32x16_less, -(a.lane[l] < b.lane[l]))
APUS_EACH(m16, m16, m16_and, a.lane[l] & b.lane[l])
APUS_EACH(m16, m16, m16_or, a.lane[l] | b.lane[l])
APUS_EACH_OF_ONE(m16, m16, m16_not, ~a.lane[l])
APUS_INLINE int m16_any(m16 a) {
  int32_t any = 0;
  APUS_LANES any |= a.lane[l];
  return any != 0;
}

#define APUS_TREE(name, expression) \
  APUS_INLINE float name(f32x16 v) { \
    for (int half = 8; half > 0; half /= 2) \
      for (int l = 0; l < half; l++) { \
        float a = v.lane[l], b = v.lane[l + half]; \
        v.lane[l] = (expression); \
      } \
    return v.lane[0]; \
  }
APUS_TREE(f32x16_reduce_add, a + b)
APUS_TREE(f32x16_reduce_max, a > b ? a : b)
APUS_TREE(f32x16_reduce_min, a < b ? a : b)
#undef APUS_TREE
#undef APUS_LANES
#undef APUS_EACH
#undef APUS_EACH_OF_ONE
#undef APUS_LOAD
#undef APUS_STORE
