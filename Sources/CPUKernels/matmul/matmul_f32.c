// Matmul with f32 weights: matmul_float.h says how.
#define APUS_MATMUL_FORMAT APUS_MATMUL_F32
#define APUS_MATMUL_NAME matmul_f32
#include "matmul_float.h"

#define APUS_BODY "matmul/matmul_float.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_matmul_f32 = APUS_VARIANTS(matmul_f32);
