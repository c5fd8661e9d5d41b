// What kernels take from the C library, by plain loops and single instructions, so that the
// process and the bare machine run the same code.
//
// sin and cos stand in for the library's (kernels use them above 2^48 only): deterministic, not
// accurate.
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((used))

EXPORT void *memcpy(void *restrict to, const void *restrict from, size_t n) {
  void *result = to;
  size_t eights = n / 8;
  __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(eights) : : "memory");
  n %= 8;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
  return result;
}

EXPORT void *memmove(void *to, const void *from, size_t n) {
  if ((uintptr_t)to - (uintptr_t)from >= n) return memcpy(to, from, n);
  uint8_t *d = (uint8_t *)to + n;
  const uint8_t *s = (const uint8_t *)from + n;
  __asm__ volatile("std; rep movsb; cld" : : "D"(d - 1), "S"(s - 1), "c"(n) : "memory");
  return to;
}

EXPORT void *memset(void *to, int value, size_t n) {
  void *result = to;
  size_t eights = n / 8;
  uint64_t bytes = (uint64_t)(uint8_t)value * 0x0101010101010101;
  __asm__ volatile("rep stosq" : "+D"(to), "+c"(eights) : "a"(bytes) : "memory");
  n %= 8;
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(value) : "memory");
  return result;
}

EXPORT int memcmp(const void *a, const void *b, size_t n) {
  const uint8_t *x = a, *y = b;
  for (size_t i = 0; i < n; i++) {
    if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
    __asm__ volatile("");  // not to become a call of memcmp
  }
  return 0;
}

EXPORT float fmaf(float a, float b, float c) {
  __asm__("vfmadd231ss %2, %1, %0" : "+x"(c) : "x"(a), "x"(b));
  return c;
}
EXPORT double fma(double a, double b, double c) {
  __asm__("vfmadd231sd %2, %1, %0" : "+x"(c) : "x"(a), "x"(b));
  return c;
}
EXPORT float sqrtf(float a) {
  __asm__("sqrtss %0, %0" : "+x"(a));
  return a;
}

#define ROUNDING(name, mode) \
  EXPORT float name(float a) { \
    __asm__("roundss $" mode ", %0, %0" : "+x"(a)); \
    return a; \
  } \
  EXPORT double name##_of_double(double a) { \
    __asm__("roundsd $" mode ", %0, %0" : "+x"(a)); \
    return a; \
  }
ROUNDING(floorf, "9")
ROUNDING(truncf, "11")
ROUNDING(rintf, "8")

// Exact: fprem subtracts multiples of b without rounding.
static double remainder_of(double a, double b) {
  double result;
  __asm__ volatile(
      "fldl %2\n fldl %1\n"
      "1: fprem\n fnstsw %%ax\n testw $0x400, %%ax\n jnz 1b\n"
      "fstpl %0\n fstp %%st(0)\n"
      : "=m"(result) : "m"(a), "m"(b) : "ax", "cc", "st", "st(1)");
  return result;
}

EXPORT float fmodf(float a, float b) {
  if (b == 0 || a != a || b != b || a - a != 0) return (a * b) / (a * b);
  if (b - b != 0) return a;
  return (float)remainder_of(a, b);
}

EXPORT double sin(double x) {
  if (x - x != 0) return x - x;
  double r = remainder_of(x, 0x1.921fb54442d18p+2), z = r * r;
  return r * (1 + z * (-1.0 / 6 + z * (1.0 / 120 - z * (1.0 / 5040))));
}

EXPORT double cos(double x) {
  if (x - x != 0) return x - x;
  double r = remainder_of(x, 0x1.921fb54442d18p+2), z = r * r;
  return 1 + z * (-0.5 + z * (1.0 / 24 - z * (1.0 / 720)));
}
