#include "include/text_kernels.h"

int32_t apus_text_isa_best(void) {
#if defined(__x86_64__)
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
              __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("lzcnt") &&
              __builtin_cpu_supports("popcnt");
  if (!avx2) return APUS_TEXT_SCALAR;
  bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512vl");
  return avx512 ? APUS_TEXT_AVX512 : APUS_TEXT_AVX2;
#else
  return APUS_TEXT_SCALAR;
#endif
}
