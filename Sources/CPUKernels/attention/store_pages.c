// Writes the keys or values of a step's tokens into their pages.
//
// Per element: 4 bytes read, 2 or 4 written, one conversion (to nearest even). Threads split
// (token, head) rows; each row is `head` consecutive elements of one page.
#include "../elementwise/lanes.h"

#define APUS_BODY "attention/store_pages.body.h"
#include "../for_each_isa.h"

const apus_kernel_variants apus_store_pages = APUS_VARIANTS(store_pages);
