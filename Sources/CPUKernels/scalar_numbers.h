// bfloat16 and float16 of single numbers, by integer arithmetic, so that no instruction set is
// needed and the floating-point modes do not matter. Rounding is to nearest even; NaNs stay NaNs
// and become quiet.
#ifndef APUS_SCALAR_NUMBERS_H
#define APUS_SCALAR_NUMBERS_H

#include <stdint.h>
#include <string.h>

static inline float apus_float_from_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

static inline uint32_t apus_bits_from_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}

static inline float apus_float_from_bf16(uint16_t value) {
  return apus_float_from_bits((uint32_t)value << 16);
}

static inline uint16_t apus_bf16_from_float(float value) {
  uint32_t bits = apus_bits_from_float(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)((bits >> 16) | 0x40);
  return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

static inline float apus_float_from_f16(uint16_t value) {
  uint32_t sign = (uint32_t)(value & 0x8000) << 16, exponent = (value >> 10) & 31;
  uint32_t fraction = value & 0x3ff;
  if (exponent == 31) {
    uint32_t quiet = fraction ? 0x400000 : 0;
    return apus_float_from_bits(sign | 0x7f800000 | (fraction << 13) | quiet);
  }
  if (exponent == 0) {  // a denormal: fraction x 2^-24, made normal by hand
    if (fraction == 0) return apus_float_from_bits(sign);
    uint32_t shift = (uint32_t)__builtin_clz(fraction) - 21;
    uint32_t kept = (fraction << (13 + shift)) & 0x7fffff;
    return apus_float_from_bits(sign | ((113 - shift) << 23) | kept);
  }
  return apus_float_from_bits(sign | ((exponent + 112) << 23) | (fraction << 13));
}

static inline uint16_t apus_f16_from_float(float value) {
  uint32_t bits = apus_bits_from_float(value), magnitude = bits & 0x7fffffff;
  uint16_t sign = (uint16_t)((bits >> 16) & 0x8000);
  if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00 | ((magnitude >> 13) & 0x1ff));
  if (magnitude >= 0x477ff000) return (uint16_t)(sign | 0x7c00);  // from 65520 on
  if (magnitude < 0x38800000) {  // the result is a denormal: a multiple of 2^-24
    if (magnitude < 0x33000000) return sign;
    uint32_t shift = 126 - (magnitude >> 23), full = (magnitude & 0x7fffff) | 0x800000;
    uint32_t kept = full >> shift, rest = full & ((1u << shift) - 1), half = 1u << (shift - 1);
    return (uint16_t)(sign | (kept + (rest > half || (rest == half && (kept & 1)))));
  }
  return (uint16_t)(sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >> 13) & 1)) >> 13));
}

#endif
