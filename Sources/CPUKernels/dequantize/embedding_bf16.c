// Embedding lookup in a bf16 table: embedding.h says how.
#define APUS_EMBEDDING_FORMAT APUS_EMBEDDING_BF16
#define APUS_EMBEDDING_NAME embedding_bf16
#include "embedding.h"

#define APUS_BODY "dequantize/embedding.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_embedding_bf16 = APUS_VARIANTS(embedding_bf16);
