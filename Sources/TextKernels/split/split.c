// Cuts a text into the pieces of a split pattern.
//
// 64 bytes at a time: masks of their classes, then the bits where pieces begin by Boolean algebra
// on those. A block that does not tell where its first piece ends leaves that piece to the scanner.
#include "split.h"

#define APUS_BODY "split/split.body.h"
#include "../for_each_isa.h"

static const apus_text_splitter by_isa[APUS_TEXT_ISA_COUNT] = APUS_VARIANTS(split);

apus_text_splitter apus_text_splitter_for(int32_t isa) {
  for (int32_t i = isa; i > 0; i--)
    if (by_isa[i]) return by_isa[i];
  return by_isa[0];
}

size_t apus_text_split(
    const apus_text_pattern *pattern, int32_t isa, const uint8_t *text, size_t count, size_t *from,
    size_t *ends, size_t capacity) {
  apus_text_classes_prepare();
  apus_text_splitter split = apus_text_splitter_for(isa);
  size_t buffer[BLOCK + SPLIT_SLACK];
  size_t found = 0;
  while (found < capacity && *from < count) {
    size_t start = *from;
    size_t some = split(pattern, text, count, from, buffer, 1);
    if (some > capacity - found) {
      some = capacity - found;
      *from = some ? buffer[some - 1] : start;
    }
    memcpy(ends + found, buffer, some * sizeof *ends);
    found += some;
  }
  return found;
}
