// Activation conversions: see convert_rows.c for what they define.

// Quantises 32 floats. Returns d; q and the sum are stored.
APUS_INLINE float ISA(quantize_block)(f32x16 low, f32x16 high, int8_t *q, int32_t *sum) {
  float greatest = f32x16_reduce_max(f32x16_max(f32x16_abs(low), f32x16_abs(high)));
  m16 ordered = m16_and(f32x16_equal(low, low), f32x16_equal(high, high));
  float d = m16_any(m16_not(ordered)) ? NAN : greatest / 127.0f;
  *sum = 0;
  if (!(d > 0 && d < INFINITY)) {
    memset(q, 0, 32);
    return d;
  }
  // A denormal d is inexact, and x / d may exceed 127.
  f32x16 scale = f32x16_splat(d), most = f32x16_splat(127), least = f32x16_splat(-127);
  int32_t rounded[32], total = 0;
  low = f32x16_max(f32x16_min(f32x16_div(low, scale), most), least);
  high = f32x16_max(f32x16_min(f32x16_div(high, scale), most), least);
  i32x16_store(rounded, i32x16_from_f32(low));
  i32x16_store(rounded + 16, i32x16_from_f32(high));
  for (int i = 0; i < 32; i++) total += rounded[i];
  for (int i = 0; i < 32; i++) q[i] = (int8_t)rounded[i];
  *sum = total;
  return d;
}

static void ISA(quantize_rows_q8)(
    const apus_kernel_arguments *arguments, const apus_worker *worker) {
  const float *x = arguments->buffers[0];
  int8_t *q = arguments->buffers[1];
  float *scales = arguments->buffers[2];
  int32_t *sums = arguments->buffers[3];
  const int64_t rows = arguments->sizes[0], inner = arguments->sizes[1];
  const int64_t blocks = apus_ceiling(inner, 32), all = blocks * rows;
  const int64_t first = all * worker->index / worker->count;
  const int64_t last = all * (worker->index + 1) / worker->count;
  for (int64_t i = first; i < last; i++) {
    int64_t block = i / rows, row = i % rows, rest = inner - 32 * block;
    const float *from = x + row * inner + 32 * block;
    f32x16 low = rest >= 32 ? f32x16_load(from) : f32x16_load_part(from, rest);
    f32x16 high = rest >= 32 ? f32x16_load(from + 16) : f32x16_load_part(from + 16, rest - 16);
    scales[i] = ISA(quantize_block)(low, high, q + 32 * i, sums + i);
  }
}

static void ISA(convert_rows_bf16)(
    const apus_kernel_arguments *arguments, const apus_worker *worker) {
  const float *x = arguments->buffers[0];
  uint16_t *y = arguments->buffers[1];
  const int64_t rows = arguments->sizes[0], inner = arguments->sizes[1];
  const int64_t blocks = apus_ceiling(inner, 32), all = blocks * rows;
  const int64_t first = all * worker->index / worker->count;
  const int64_t last = all * (worker->index + 1) / worker->count;
  for (int64_t i = first; i < last; i++) {
    int64_t row = i / blocks, block = i % blocks, rest = inner - 32 * block;
    const float *from = x + row * inner + 32 * block;
    f32x16 low = rest >= 32 ? f32x16_load(from) : f32x16_load_part(from, rest);
    f32x16 high = rest >= 32 ? f32x16_load(from + 16) : f32x16_load_part(from + 16, rest - 16);
    f32x16_store_bf16(y + 32 * i, low);
    f32x16_store_bf16(y + 32 * i + 16, high);
  }
}
