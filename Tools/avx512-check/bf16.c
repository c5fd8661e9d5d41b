// vdpbf16ps for an emulator that does not know it: caught as an invalid opcode, decoded, executed.
//
// EVEX.512.F3.0F38.W0 52 /r. By Intel's manual, for each of 16 lanes: one fused multiply-add of
// the upper elements of the pair, then one of the lower elements; denormal operands are zero,
// denormal results become zero, rounding is to nearest even and MXCSR is not consulted.
#include "machine.h"

int64_t bf16_count;

// The address that a memory operand names; `at` is its ModRM byte and moves past the operand.
static uint64_t address_of(
    const machine_state *state, const uint8_t **at, uint8_t evex, int64_t scale) {
  const uint8_t *p = *at;
  int mode = *p >> 6, rm = *p & 7;
  uint64_t address;
  p++;
  if (rm == 4) {
    int base = (*p & 7) | (evex & 0x20 ? 0 : 8), index = (*p >> 3 & 7) | (evex & 0x40 ? 0 : 8);
    address = index == 4 ? 0 : state->general[index] << (*p >> 6);
    if ((*p & 7) == 5 && mode == 0) {
      address += (uint64_t)(int64_t) * (const int32_t *)(p + 1);
      *at = p + 5;
      return address;
    }
    address += state->general[base];
    p++;
  } else if (rm == 5 && mode == 0) {
    *at = p + 4;
    return (uint64_t)(p + 4) + (uint64_t)(int64_t) * (const int32_t *)p;
  } else {
    address = state->general[rm | (evex & 0x20 ? 0 : 8)];
  }
  if (mode == 1) address += (uint64_t)(int8_t)*p++ * (uint64_t)scale;
  if (mode == 2) address += (uint64_t)(int64_t) * (const int32_t *)p, p += 4;
  *at = p;
  return address;
}

static float upper(uint32_t pair) {
  union { uint32_t bits; float value; } u = {pair & 0xffff0000};
  return u.value;
}

static float lower(uint32_t pair) {
  union { uint32_t bits; float value; } u = {pair << 16};
  return u.value;
}

static float multiply_add(float a, float b, float c) {
  __asm__ volatile("vfmadd231ss %2, %1, %0" : "+x"(c) : "x"(a), "x"(b));
  return c;
}

uint64_t bf16_emulate(machine_state *state) {
  const uint8_t *p = (const uint8_t *)state->rip;
  // Prefix; map 0F38; W 0, pp F3; 512 bits, no mask; opcode.
  if (p[0] != 0x62 || (p[1] & 15) != 2 || (p[2] & 0x87) != 6) return 0;
  if ((p[3] & 0xe7) != 0x40 || p[4] != 0x52) return 0;
  const uint8_t evex = p[1], *at = p + 5;
  int broadcast = p[3] >> 4 & 1;
  int destination = (*at >> 3 & 7) | (evex & 0x80 ? 0 : 8) | (evex & 0x10 ? 0 : 16);
  int first = (~p[2] >> 3 & 15) | (p[3] & 8 ? 0 : 16);
  const uint32_t *second;
  if (*at >> 6 == 3) {
    if (broadcast) return 0;
    second = state->vectors[(*at & 7) | (evex & 0x20 ? 0 : 8) | (evex & 0x40 ? 0 : 16)];
    at++;
  } else {
    second = (const uint32_t *)address_of(state, &at, evex, broadcast ? 4 : 64);
  }

  uint32_t modes = 0x9fc0;  // nearest even, denormals are zero, nothing is raised
  __asm__ volatile("ldmxcsr %0" : : "m"(modes));
  for (int i = 0; i < 16; i++) {
    uint32_t a = state->vectors[first][i], b = second[broadcast ? 0 : i];
    union { uint32_t bits; float value; } sum = {state->vectors[destination][i]};
    sum.value = multiply_add(upper(a), upper(b), sum.value);
    sum.value = multiply_add(lower(a), lower(b), sum.value);
    state->vectors[destination][i] = sum.bits;
  }
  bf16_count++;
  return (uint64_t)at;
}
