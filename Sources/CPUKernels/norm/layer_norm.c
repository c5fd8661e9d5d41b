// Layer normalisation: y = (x - mean) / sqrt(variance + epsilon) * weight + bias.
//
// Per row: 4 bytes read and 4 written per element (x is read three times, from L1 after the first),
// one sum, one FMA for the variance of the centred values, two products and a sum.
//
// The mean comes first and the variance is that of x - mean, so that a large mean costs no digits.
// Both sums have 16 lanes, columns ascending, and the fixed tree.
#include "../elementwise/lanes.h"

#define APUS_BODY "norm/layer_norm.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_layer_norm = APUS_VARIANTS(layer_norm);
