// Matmul with weights in q8_0, q4_0 or q4_1: see matmul_quantized.h for the order and the layouts.

#if ISA_LEVEL == APUS_LEVEL_SCALAR

// In plain C every output is summed by itself, straight from its blocks.
APUS_INLINE int32_t ISA(block_dot)(const uint8_t *quants, const int8_t *x) {
  int32_t sum = 0;
#if APUS_MATMUL_FORMAT == APUS_MATMUL_Q8_0
  for (int k = 0; k < 32; k++) sum += (int8_t)quants[k] * x[k];
#else
  const int32_t zero = APUS_MATMUL_FORMAT == APUS_MATMUL_Q4_0 ? 8 : 0;
  for (int k = 0; k < 16; k++)
    sum += ((quants[k] & 15) - zero) * x[k] + ((quants[k] >> 4) - zero) * x[k + 16];
#endif
  return sum;
}

static void ISA(strip)(
    const apus_matmul *matmul, const apus_matmul_strip *strip, uint8_t *scratch,
    int64_t scratch_bytes) {
  (void)scratch, (void)scratch_bytes;
  const apus_q8_rows x = apus_q8_rows_of(matmul);
  for (int64_t c = strip->first_column; c < strip->last_column; c++)
    for (int64_t r = strip->first_row; r < strip->last_row; r++) {
      const uint8_t *block = strip->weight + c * matmul->weight_row_bytes;
      float y = 0;
      for (int64_t b = 0; b < x.blocks; b++, block += BLOCK_BYTES) {
        int64_t at = b * x.rows + r;
        float scale = apus_float_from_f16(apus_load_u16(block)) * x.scales[at];
        y = fmaf((float)ISA(block_dot)(block + QUANTS_AT, x.q + 32 * at), scale, y);
#if HAS_MINIMUM
        float minimum = apus_float_from_f16(apus_load_u16(block + 2)) * x.scales[at];
        y = fmaf((float)x.sums[at], minimum, y);
#endif
      }
      strip->out[r * strip->out_stride + c] = y;
    }
}

#define UNIT(rows) 1

#else

#include "matmul_quantized_load.body.h"
#include "matmul_quantized_one.body.h"
#include "matmul_quantized_many.body.h"

static void ISA(strip)(
    const apus_matmul *matmul, const apus_matmul_strip *strip, uint8_t *scratch,
    int64_t scratch_bytes) {
  if (matmul->rows == 1)
    ISA(strip_of_one_row)(matmul, strip);
  else
    ISA(strip_of_many_rows)(matmul, strip, scratch, scratch_bytes);
}

#define UNIT(rows) ((rows) == 1 ? GROUP_ROWS : TILE_PANELS * PANEL_OUTPUTS)

#endif

static void ISA(APUS_MATMUL_NAME)(
    const apus_kernel_arguments *arguments, const apus_worker *worker) {
  apus_matmul matmul = apus_matmul_from(
      arguments, UNIT(arguments->sizes[0]), arguments->sizes[1] / 32 * BLOCK_BYTES, ISA_LEVEL);
  apus_matmul_run(&matmul, ISA(strip), worker);
}

#undef UNIT
#undef TILE_PANELS
#undef TILE_ROWS
#undef OFFSET
