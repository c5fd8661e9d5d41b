// exp, log, tanh, erf, sigmoid, sin, cos and pow of 16 lanes; included once per instruction set.
//
// Every set runs the same operations in the same order, so the bits are the same. Polynomials are
// minimax fits (Remez) of our own; the error beside each is that of the polynomial alone, against
// an f32 unit of 2^-24. Greatest errors found over dense samples stand in the tests.

#define ROUND_FLOAT 12582912.0f          // 1.5 * 2^23: adding it rounds to an integer
#define ROUND_DOUBLE 6755399441055744.0  // 1.5 * 2^52

// 2^k for k in -126 ... 127.
APUS_INLINE vf ISA(power_of_two)(vi k) { return (vf)((k + 127) << 23); }

// e^x: x = n ln 2 + r, |r| <= ln 2 / 2, e^r = 1 + r + r^2 P(r), 2^-28.
APUS_INLINE vf ISA(exp)(vf x) {
  vf c = x < -104.0f ? -104.0f : x;  // e^-104 rounds to 0, e^89 to infinity; NaN passes
  c = c > 89.0f ? 89.0f : c;
  vf shifted = APUS_FMA(c, (vf)0x1.715476p+0f, (vf)ROUND_FLOAT);
  vf n = shifted - ROUND_FLOAT;
  vi k = (vi)shifted - (vi)(vf)ROUND_FLOAT;
  vf r = APUS_FMA(n, (vf)-0x1.62e43p-1f, c);  // ln 2 in two parts
  r = APUS_FMA(n, (vf)0x1.05c61p-29f, r);
  vf p = (vf)0x1.6a2358p-10f;
  p = APUS_FMA(p, r, (vf)0x1.123a6cp-7f);
  p = APUS_FMA(p, r, (vf)0x1.5558f4p-5f);
  p = APUS_FMA(p, r, (vf)0x1.55549p-3f);
  p = APUS_FMA(p, r, (vf)0x1.fffffcp-2f);
  vf y = APUS_FMA(p, r * r, r) + 1.0f;
  // 2^k in two factors: the first product is exact, so a denormal result is rounded once.
  vi half = k >> 1;
  return y * ISA(power_of_two)(half) * ISA(power_of_two)(k - half);
}

// ln x: x = 2^k m, m in [sqrt 1/2, sqrt 2), f = m - 1, s = f / (2 + f), and
// ln(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)), R by 2 atanh(s) = 2 s + s R(s^2), 2^-37.
APUS_INLINE vf ISA(log)(vf x) {
  vi tiny = x < 0x1p-126f;
  vi bits = (vi)(tiny ? x * 0x1p25f : x);
  vi exponent = (bits - 0x3F3504F3) >> 23;
  vf f = (vf)(bits - (exponent << 23)) - 1.0f;
  vf k = __builtin_convertvector(exponent - (tiny & 25), vf);
  vf s = f / (f + 2.0f);
  vf z = s * s;
  vf p = APUS_FMA((vf)0x1.e3408ep-3f, z, (vf)0x1.2436fep-2f);
  p = APUS_FMA(p, z, (vf)0x1.999a82p-2f);
  p = APUS_FMA(p, z, (vf)0x1.555554p-1f) * z;
  vf half = 0.5f * f * f;
  vf small = APUS_FMA(s, half + p, k * 0x1.7f7d1cp-20f);  // ln 2 - 0x1.62e4p-1
  vf y = APUS_FMA(k, (vf)0x1.62e4p-1f, f - (half - small));  // k times 16 bits is exact
  vf infinity = (vf)__builtin_inff();
  y = x == infinity ? infinity : y;
  y = x == 0.0f ? -infinity : y;
  return ((x < 0.0f) | (x != x)) ? (vf)__builtin_nanf("") : y;
}

// 1 / (1 + e^-x), from e^-|x| so that neither side overflows.
APUS_INLINE vf ISA(sigmoid)(vf x) {
  vf e = ISA(exp)(-__builtin_elementwise_abs(x));
  return (x >= 0.0f ? (vf)1.0f : e) / (e + 1.0f);
}

// tanh: x + x^3 P(x^2) up to 0.625 (2^-32), then 1 - 2 / (e^2|x| + 1).
APUS_INLINE vf ISA(tanh)(vf x) {
  vf a = __builtin_elementwise_abs(x), z = x * x;
  vf p = APUS_FMA((vf)0x1.197b68p-9f, z, (vf)-0x1.0c214p-7f);
  p = APUS_FMA(p, z, (vf)0x1.6394d8p-6f);
  p = APUS_FMA(p, z, (vf)-0x1.b9ef7cp-5f);
  p = APUS_FMA(p, z, (vf)0x1.11106cp-3f);
  p = APUS_FMA(p, z, (vf)-0x1.555554p-2f);
  vf small = APUS_FMA(x * z, p, x);
  vf large = 1.0f - 2.0f / (ISA(exp)(a + a) + 1.0f);
  return a < 0.625f ? small : __builtin_elementwise_copysign(large, x);
}

// erf: x + x P(x^2) up to 0.925 (2^-31), then 1 - e^Q(|x|) up to 4, where it is 1 (2^-34).
APUS_INLINE vf ISA(erf)(vf x) {
  vf a = __builtin_elementwise_abs(x), z = x * x;
  vf p = APUS_FMA((vf)0x1.5f61c4p-14f, z, (vf)-0x1.ab0968p-11f);
  p = APUS_FMA(p, z, (vf)0x1.54df6ap-8f);
  p = APUS_FMA(p, z, (vf)-0x1.b81112p-6f);
  p = APUS_FMA(p, z, (vf)0x1.ce2e28p-4f);
  p = APUS_FMA(p, z, (vf)-0x1.812744p-2f);
  p = APUS_FMA(p, z, (vf)0x1.06eba8p-3f);
  vf small = APUS_FMA(x, p, x);
  vf c = a > 4.0f ? 4.0f : a;
  vf q = APUS_FMA((vf)-0x1.62c4bep-16f, c, (vf)0x1.c82edep-12f);
  q = APUS_FMA(q, c, (vf)-0x1.118a98p-8f);
  q = APUS_FMA(q, c, (vf)0x1.9badf8p-6f);
  q = APUS_FMA(q, c, (vf)-0x1.bb9012p-4f);
  q = APUS_FMA(q, c, (vf)-0x1.4444aap-1f);
  q = APUS_FMA(q, c, (vf)-0x1.21283cp+0f);
  q = APUS_FMA(q, c, (vf)0x1.709dfcp-13f);
  vf large = 1.0f - ISA(exp)(q);
  return a < 0.925f ? small : __builtin_elementwise_copysign(large, x);
}

// sin and cos of 8 angles below 2^48: r = x - n pi/2 in double, pi/2 in two parts (2^-37 and
// 2^-43).
APUS_INLINE void ISA(sine_cosine_half)(vf8 angle, vf8 *sine, vf8 *cosine) {
  vd8 x = __builtin_convertvector(angle, vd8);
  vd8 shifted = APUS_FMA(x, (vd8)0x1.45f306dc9c883p-1, (vd8)ROUND_DOUBLE);
  vd8 n = shifted - ROUND_DOUBLE;
  vl8 quarter = (vl8)shifted;
  vd8 r = APUS_FMA(n, (vd8)-0x1.921fb54442d18p+0, x);
  r = APUS_FMA(n, (vd8)-0x1.1a62633145c07p-54, r);
  vd8 z = r * r;
  vd8 p = APUS_FMA((vd8)0x1.6cd73394288cep-19, z, (vd8)-0x1.a00f98e873615p-13);
  p = APUS_FMA(p, z, (vd8)0x1.111108907bbf7p-7);
  p = APUS_FMA(p, z, (vd8)-0x1.5555554cb20a7p-3);
  vd8 s = APUS_FMA(r * z, p, r);
  vd8 q = APUS_FMA((vd8)-0x1.2429fc2c5b69cp-22, z, (vd8)0x1.a0111c173e1c1p-16);
  q = APUS_FMA(q, z, (vd8)-0x1.6c16b892bc314p-10);
  q = APUS_FMA(q, z, (vd8)0x1.5555554f48c1ap-5);
  vd8 c = APUS_FMA(z * z, q, APUS_FMA(z, (vd8)-0.5, (vd8)1.0));
  vl8 odd = -(quarter & 1);
  vd8 a = odd ? c : s, b = odd ? s : c;
  *sine = __builtin_convertvector((vd8)((vl8)a ^ (quarter & 2) << 62), vf8);
  *cosine = __builtin_convertvector((vd8)((vl8)b ^ ((quarter + 1) & 2) << 62), vf8);
}

// Greater angles than any position has: outlined, a lane at a time.
static __attribute__((noinline)) void ISA(sine_cosine_huge)(
    const float *angles, float *sines, float *cosines) {
  for (int i = 0; i < LANE_COUNT; i++) {
    if (!(__builtin_fabsf(angles[i]) >= 0x1p48f)) continue;
    sines[i] = (float)__builtin_sin(angles[i]);
    cosines[i] = (float)__builtin_cos(angles[i]);
  }
}

APUS_INLINE void ISA(sine_cosine)(vf x, vf *sine, vf *cosine) {
  vf8 s0, c0, s1, c1;
  ISA(sine_cosine_half)(x.lo, &s0, &c0);
  ISA(sine_cosine_half)(x.hi, &s1, &c1);
  vf s, c;
  s.lo = s0, s.hi = s1, c.lo = c0, c.hi = c1;
  if (__builtin_reduce_or(__builtin_elementwise_abs(x) >= 0x1p48f)) {
    float angles[LANE_COUNT], sines[LANE_COUNT], cosines[LANE_COUNT];
    ISA(store)(angles, x), ISA(store)(sines, s), ISA(store)(cosines, c);
    ISA(sine_cosine_huge)(angles, sines, cosines);
    s = ISA(load)(sines), c = ISA(load)(cosines);
  }
  *sine = s, *cosine = c;
}

// |x|^y of 8 lanes in double, as e^(y ln |x|): ln by 2 atanh(s) (2^-44), e^r = 1 + r + r^2 P
// (2^-39).
APUS_INLINE vf8 ISA(power_half)(vf8 base, vf8 exponent) {
  vd8 x = __builtin_elementwise_abs(__builtin_convertvector(base, vd8));
  vd8 y = __builtin_convertvector(exponent, vd8);
  vl8 k = ((vl8)x - 0x3FE6A09E667F3BCD) >> 52;
  vd8 f = (vd8)((vl8)x - (k << 52)) - 1.0;
  vd8 s = f / (f + 2.0), z = s * s;
  vd8 p = APUS_FMA((vd8)0x1.9162117088b58p-3, z, (vd8)0x1.c6261ca2a2965p-3);
  p = APUS_FMA(p, z, (vd8)0x1.24941ffec6f05p-2);
  p = APUS_FMA(p, z, (vd8)0x1.9999968a64f51p-2);
  p = APUS_FMA(p, z, (vd8)0x1.555555562898cp-1);
  vd8 log = APUS_FMA(s * z, p, s + s);
  log = APUS_FMA(__builtin_convertvector(k, vd8), (vd8)0x1.62e42fefa39efp-1, log);
  vd8 infinity = (vd8)__builtin_inf();
  log = x == 0.0 ? -infinity : log;
  log = x == infinity ? infinity : log;
  vd8 t = y * log;
  t = ((x == 1.0) | (y == 0.0)) ? (vd8)0.0 : t;
  t = t < -110.0 ? (vd8)-110.0 : t;
  t = t > 95.0 ? (vd8)95.0 : t;
  vd8 shifted = APUS_FMA(t, (vd8)0x1.71547652b82fep+0, (vd8)ROUND_DOUBLE);
  vd8 n = shifted - ROUND_DOUBLE;
  vd8 r = APUS_FMA(n, (vd8)-0x1.62e42fefa39efp-1, t);
  vd8 e = APUS_FMA((vd8)0x1.9e889abf19899p-16, r, (vd8)0x1.a18606b3e8465p-13);
  e = APUS_FMA(e, r, (vd8)0x1.6c18d4ff90d3cp-10);
  e = APUS_FMA(e, r, (vd8)0x1.1110a1f9ef1bap-7);
  e = APUS_FMA(e, r, (vd8)0x1.5555541caefbcp-5);
  e = APUS_FMA(e, r, (vd8)0x1.5555557e0ac5dp-3);
  e = APUS_FMA(e, r, (vd8)0x1.000000005e98fp-1);
  vd8 value = APUS_FMA(e, r * r, r) + 1.0;
  value *= (vd8)(((vl8)shifted - (vl8)(vd8)ROUND_DOUBLE + 1023) << 52);
  return __builtin_convertvector(value, vf8);
}

// x^y with the rules of IEEE 754 for signs, zeros, infinities and NaN.
APUS_INLINE vf ISA(power)(vf x, vf y) {
  vf r;
  r.lo = ISA(power_half)(x.lo, y.lo);
  r.hi = ISA(power_half)(x.hi, y.hi);
  vf infinity = (vf)__builtin_inff();
  vi whole = __builtin_elementwise_floor(y) == y;
  vf half = y * 0.5f;
  vi odd = whole & (__builtin_elementwise_floor(half) != half);
  vi negative = (vi)x < 0;
  r = (negative & odd) ? -r : r;
  vi undefined = (x < 0.0f) & (x > -infinity) & ~whole;
  undefined |= ((x != x) & (y != 0.0f)) | ((y != y) & (x != 1.0f));
  return undefined ? (vf)__builtin_nanf("") : r;
}

// a - b trunc(a / b), exact; the sign of a.
APUS_INLINE vf ISA(remainder)(vf a, vf b) {
  float x[LANE_COUNT], y[LANE_COUNT];
  ISA(store)(x, a), ISA(store)(y, b);
  for (int i = 0; i < LANE_COUNT; i++) x[i] = __builtin_fmodf(x[i], y[i]);
  return ISA(load)(x);
}
