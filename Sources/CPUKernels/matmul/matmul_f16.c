// Matmul with f16 weights: matmul_float.h says how.
#define APUS_MATMUL_FORMAT APUS_MATMUL_F16
#define APUS_MATMUL_NAME matmul_f16
#include "matmul_float.h"

#define APUS_BODY "matmul/matmul_float.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_matmul_f16 = APUS_VARIANTS(matmul_f16);
