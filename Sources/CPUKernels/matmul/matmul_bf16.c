// Matmul with bf16 weights: matmul_float.h says how.
#define APUS_MATMUL_FORMAT APUS_MATMUL_BF16
#define APUS_MATMUL_NAME matmul_bf16
#include "matmul_float.h"

#define APUS_BODY "matmul/matmul_float.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_matmul_bf16 = APUS_VARIANTS(matmul_bf16);
