// The sixteen lanes of vector.h as the compiler's own vector types, so that formulas read as
// formulas.
//
// Comparisons give -1 or 0 per lane, `condition ? a : b` selects, and a cast between vectors of one
// size keeps the bits. Memory is read and written through vector.h.
#ifndef LANE_COUNT_H
#define LANE_COUNT_H

#include "../include/cpu_kernels.h"

#include <stdint.h>

// Wide vectors pass between inlined functions only, so their calling convention does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

#define LANE_COUNT 16

typedef float vf __attribute__((ext_vector_type(16)));
typedef int32_t vi __attribute__((ext_vector_type(16)));
typedef float vf8 __attribute__((ext_vector_type(8)));
typedef double vd8 __attribute__((ext_vector_type(8)));
typedef int64_t vl8 __attribute__((ext_vector_type(8)));

#define APUS_FMA __builtin_elementwise_fma

// To a multiple of LANE_COUNT.
static inline int64_t apus_round_up(int64_t n) {
  return (n + LANE_COUNT - 1) / LANE_COUNT * LANE_COUNT;
}

static inline int64_t apus_least(int64_t a, int64_t b) { return a < b ? a : b; }

// The part of `count` outputs that belongs to this worker: begin ..< end.
typedef struct { int64_t begin, end; } apus_range;
static inline apus_range apus_static_range(int64_t count, const apus_worker *worker) {
  return (apus_range){
      count * worker->index / worker->count, count * (worker->index + 1) / worker->count};
}

#endif
