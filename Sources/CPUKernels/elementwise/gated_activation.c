// Gated activations: y = activation(gate) * up, with SiLU x sigmoid(x), or GELU by tanh or by erf.
//
// Per element: 8 bytes read and 4 written, 30 to 40 operations (one exponential and one division).
// Work is split in tiles of 256 columns, so that one row occupies all threads too; a kilobyte of
// output per tile keeps their cache lines apart.
//
// GELU by tanh, 0.5 x (1 + tanh(u)), is evaluated as x sigmoid(2u), the same function without the
// loss of digits at negative x.
#include "../elementwise/lanes.h"

#define APUS_BODY "elementwise/gated_activation.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_gated_activation = APUS_VARIANTS(gated_activation);
