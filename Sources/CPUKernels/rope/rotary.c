// Rotary embedding: pairs (a, b) of a head become (a cos - b sin, a sin + b cos).
//
// Per token: the rotary / 2 cosines and sines are made once (about 40 double operations each) and
// applied to all heads: 4 bytes read and 4 written per element, two products and two FMAs per pair.
//
// The angle is one float32 product, position * inverse frequency, as the reference rounds it; its
// sine and cosine are accurate whatever the position, because the reduction by pi/2 is in double.
#include "../elementwise/lanes.h"

#define APUS_BODY "rope/rotary.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_rotary = APUS_VARIANTS(rotary);
