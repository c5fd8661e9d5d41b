// Embedding lookup: see embedding.h.

// Decodes 32 columns, or the first `count` of them where the format has no blocks.
APUS_INLINE void ISA(decode)(const uint8_t *from, int64_t count, float *out) {
#if IS_QUANTIZED
  (void)count;
  uint16_t bits;
  memcpy(&bits, from, 2);
  const float d = apus_float_from_f16(bits);
#if APUS_EMBEDDING_FORMAT == APUS_EMBEDDING_Q8_0
  for (int k = 0; k < 32; k++) out[k] = d * (float)(int8_t)from[2 + k];
#elif APUS_EMBEDDING_FORMAT == APUS_EMBEDDING_Q4_0
  for (int k = 0; k < 16; k++) {
    out[k] = d * (float)((from[2 + k] & 15) - 8);
    out[k + 16] = d * (float)((from[2 + k] >> 4) - 8);
  }
#else
  memcpy(&bits, from + 2, 2);
  const float m = apus_float_from_f16(bits);
  for (int k = 0; k < 16; k++) {
    out[k] = d * (float)(from[4 + k] & 15) + m;
    out[k + 16] = d * (float)(from[4 + k] >> 4) + m;
  }
#endif
#elif APUS_EMBEDDING_FORMAT == APUS_EMBEDDING_F32
  memcpy(out, from, (size_t)count * 4);
#else
#if APUS_EMBEDDING_FORMAT == APUS_EMBEDDING_F16
#define LOAD f32x16_load_f16
#define LOAD_PART f32x16_load_f16_part
#else
#define LOAD f32x16_load_bf16
#define LOAD_PART f32x16_load_bf16_part
#endif
  const uint16_t *halves = (const uint16_t *)from;
  if (count == 32) {
    f32x16_store(out, LOAD(halves));
    f32x16_store(out + 16, LOAD(halves + 16));
  } else {
    f32x16_store_part(out, LOAD_PART(halves, count), count);
    f32x16_store_part(out + 16, LOAD_PART(halves + 16, count - 16), count - 16);
  }
#undef LOAD
#undef LOAD_PART
#endif
}

static void ISA(APUS_EMBEDDING_NAME)(
    const apus_kernel_arguments *arguments, const apus_worker *worker) {
  const uint8_t *table = arguments->buffers[0];
  const int32_t *ids = arguments->buffers[1];
  float *out = arguments->buffers[2];
  const int64_t rows = arguments->sizes[0], columns = arguments->sizes[1];
  const int64_t entries = arguments->sizes[2], units = (columns + 31) / 32;
#if IS_QUANTIZED
  const int64_t row_bytes = units * UNIT_BYTES;
#else
  const int64_t row_bytes = columns * (UNIT_BYTES / 32);
#endif
  const int64_t first = rows * units * worker->index / worker->count;
  const int64_t last = rows * units * (worker->index + 1) / worker->count;
  for (int64_t i = first; i < last; i++) {
    int64_t row = i / units, unit = i % units, id = ids[row], rest = columns - 32 * unit;
    int64_t count = rest < 32 ? rest : 32;
    float *to = out + row * columns + 32 * unit;
    if (id < 0 || id >= entries)
      memset(to, 0, (size_t)count * 4);
    else
      ISA(decode)(table + id * row_bytes + unit * UNIT_BYTES, count, to);
  }
}
