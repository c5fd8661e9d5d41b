// Matmul with q4_0 weights: matmul_quantized.h says how.
#define APUS_MATMUL_FORMAT APUS_MATMUL_Q4_0
#define APUS_MATMUL_NAME matmul_q4_0
#include "matmul_quantized.h"

#define APUS_BODY "matmul/matmul_quantized.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_matmul_q4_0 = APUS_VARIANTS(matmul_q4_0);
