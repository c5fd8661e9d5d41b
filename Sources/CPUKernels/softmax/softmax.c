// Softmax along the columns: y = e^(x - max) / sum of e^(x - max).
//
// Per row: 4 bytes read and 4 written per element (the exponentials are kept in y, which is read
// back), about 25 operations an element, most of them the exponential's. The sum has 16 lanes,
// columns ascending, and the fixed tree; the division is a true one.
#include "../elementwise/lanes.h"

#define APUS_BODY "softmax/softmax.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_softmax = APUS_VARIANTS(softmax);
