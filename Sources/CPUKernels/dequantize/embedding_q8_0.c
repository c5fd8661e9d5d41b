// Embedding lookup in a q8_0 table: embedding.h says how.
#define APUS_EMBEDDING_FORMAT APUS_EMBEDDING_Q8_0
#define APUS_EMBEDDING_NAME embedding_q8_0
#include "embedding.h"

#define APUS_BODY "dequantize/embedding.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_embedding_q8_0 = APUS_VARIANTS(embedding_q8_0);
