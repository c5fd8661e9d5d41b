// Between vector.h and the compiler's vectors, and what rows need; included once per instruction
// set.

APUS_INLINE vf ISA(lanes)(f32x16 x) {
  vf result;
  memcpy(&result, &x, sizeof result);
  return result;
}

APUS_INLINE f32x16 ISA(packed)(vf x) {
  f32x16 result;
  memcpy(&result, &x, sizeof result);
  return result;
}

APUS_INLINE vf ISA(load)(const float *p) { return ISA(lanes)(f32x16_load(p)); }
APUS_INLINE void ISA(store)(float *p, vf x) { f32x16_store(p, ISA(packed)(x)); }

// The first n lanes, n > 0; from 16 up all of them. The others are 0.
APUS_INLINE vf ISA(load_part)(const float *p, int64_t n) {
  return n >= LANE_COUNT ? ISA(load)(p) : ISA(lanes)(f32x16_load_part(p, n));
}

APUS_INLINE void ISA(store_part)(float *p, vf x, int64_t n) {
  if (n >= LANE_COUNT)
    ISA(store)(p, x);
  else
    f32x16_store_part(p, ISA(packed)(x), n);
}

// The same for 16-bit floats.
APUS_INLINE vf ISA(load_bf16_part)(const uint16_t *p, int64_t n) {
  return ISA(lanes)(n >= LANE_COUNT ? f32x16_load_bf16(p) : f32x16_load_bf16_part(p, n));
}
APUS_INLINE vf ISA(load_f16_part)(const uint16_t *p, int64_t n) {
  return ISA(lanes)(n >= LANE_COUNT ? f32x16_load_f16(p) : f32x16_load_f16_part(p, n));
}
APUS_INLINE void ISA(store_bf16_part)(uint16_t *p, vf x, int64_t n) {
  if (n >= LANE_COUNT)
    f32x16_store_bf16(p, ISA(packed)(x));
  else
    f32x16_store_bf16_part(p, ISA(packed)(x), n);
}
APUS_INLINE void ISA(store_f16_part)(uint16_t *p, vf x, int64_t n) {
  if (n >= LANE_COUNT)
    f32x16_store_f16(p, ISA(packed)(x));
  else
    f32x16_store_f16_part(p, ISA(packed)(x), n);
}

// x in the first n lanes, `rest` in the others.
APUS_INLINE vf ISA(keep)(vf x, int64_t n, float rest) {
  const vi lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return lane < (vi)(int32_t)apus_least(n, LANE_COUNT) ? x : (vf)rest;
}

// The fixed tree: lane l and l + 8, then + 4, + 2, + 1.
APUS_INLINE float ISA(sum_lanes)(vf x) { return f32x16_reduce_add(ISA(packed)(x)); }

// a > b ? a : b and a < b ? a : b, so b where either is NaN; the trees are as that of the sum.
APUS_INLINE vf ISA(maximum)(vf a, vf b) {
  return ISA(lanes)(f32x16_max(ISA(packed)(a), ISA(packed)(b)));
}
APUS_INLINE vf ISA(minimum)(vf a, vf b) {
  return ISA(lanes)(f32x16_min(ISA(packed)(a), ISA(packed)(b)));
}
APUS_INLINE float ISA(maximum_lanes)(vf x) { return f32x16_reduce_max(ISA(packed)(x)); }
APUS_INLINE float ISA(minimum_lanes)(vf x) { return f32x16_reduce_min(ISA(packed)(x)); }
