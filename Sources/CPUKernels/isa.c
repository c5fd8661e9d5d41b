#include "include/cpu_kernels.h"

apus_kernel apus_kernel_for(const apus_kernel_variants *variants, int32_t isa) {
  for (int32_t i = isa; i >= 0; i--)
    if (variants->by_isa[i]) return variants->by_isa[i];
  return 0;
}

int32_t apus_isa_best(void) {
#if defined(__x86_64__)
  int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("f16c") && __builtin_cpu_supports("bmi") &&
             __builtin_cpu_supports("bmi2");
  if (!avx2) return APUS_ISA_SCALAR;
  int avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512vnni");
  if (!avx512) return APUS_ISA_AVX2;
  return __builtin_cpu_supports("avx512bf16") ? APUS_ISA_AVX512_BF16 : APUS_ISA_AVX512;
#else
  return APUS_ISA_SCALAR;
#endif
}
