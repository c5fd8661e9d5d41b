// Embedding lookup in a f32 table: embedding.h says how.
#define APUS_EMBEDDING_FORMAT APUS_EMBEDDING_F32
#define APUS_EMBEDDING_NAME embedding_f32
#include "embedding.h"

#define APUS_BODY "dequantize/embedding.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_embedding_f32 = APUS_VARIANTS(embedding_f32);
