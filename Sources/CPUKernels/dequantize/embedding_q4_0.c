// Embedding lookup in a q4_0 table: embedding.h says how.
#define APUS_EMBEDDING_FORMAT APUS_EMBEDDING_Q4_0
#define APUS_EMBEDDING_NAME embedding_q4_0
#include "embedding.h"

#define APUS_BODY "dequantize/embedding.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_embedding_q4_0 = APUS_VARIANTS(embedding_q4_0);
