// Root mean square normalisation: y = x / sqrt(mean(x^2) + epsilon) * weight.
//
// Per row: 4 bytes read and 4 written per element (x is read twice, the second time from L1 up to
// 8,192 columns), one FMA and two products. Bound by latency for one row, by memory for many.
//
// The sum of squares has 16 lanes with columns ascending in each and the fixed tree at the end. In
// float32 lanes a row of 16,384 columns adds 1,024 numbers per lane: a relative error near 1e-6, of
// which the square root halves what reaches y. The gate is 1e-5.
#include "../elementwise/lanes.h"

#define APUS_BODY "norm/rms_norm.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_rms_norm = APUS_VARIANTS(rms_norm);
