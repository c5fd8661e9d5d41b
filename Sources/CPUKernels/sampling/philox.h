// Philox-4x32-10: a counter-based random function.
//
// Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
#ifndef APUS_PHILOX_H
#define APUS_PHILOX_H

#include <stdint.h>

// The first of the four words of counter (counter, 0, 0, 0).
static inline uint32_t apus_philox_first_word(uint32_t key0, uint32_t key1, uint32_t counter) {
  uint32_t c0 = counter, c1 = 0, c2 = 0, c3 = 0;
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)0xD2511F53 * c0, b = (uint64_t)0xCD9E8D57 * c2;
    c0 = (uint32_t)(b >> 32) ^ c1 ^ key0;
    c1 = (uint32_t)b;
    c2 = (uint32_t)(a >> 32) ^ c3 ^ key1;
    c3 = (uint32_t)a;
    key0 += 0x9E3779B9;  // the golden ratio
    key1 += 0xBB67AE85;  // sqrt(3) - 1
  }
  return c0;
}

// Uniform in [0, 1): the high 24 bits, each value exact.
static inline float apus_philox_uniform(uint32_t key0, uint32_t key1, uint32_t counter) {
  return (float)(apus_philox_first_word(key0, key1, counter) >> 8) * 0x1p-24f;
}

#endif
