#include "stretches.h"

#define APUS_BODY "words/stretches.body.h"
#include "../for_each_isa.h"

apus_text_stretch_finder apus_text_stretch_finder_for(int32_t isa) {
  static const apus_text_stretch_finder by_isa[APUS_TEXT_ISA_COUNT] =
      APUS_VARIANTS(find_stretches);
  for (int32_t i = isa; i > 0; i--)
    if (by_isa[i]) return by_isa[i];
  return by_isa[0];
}
