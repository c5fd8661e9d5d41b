#include "classes.h"

#include <pthread.h>
#include <string.h>

uint8_t apus_text_classes[CLASS_TABLE_END];

static const uint32_t ranges[] = {
#include "unicode_ranges.inc"
};

static void fill(void) {
  size_t count = sizeof ranges / sizeof ranges[0];
  for (size_t i = 0; i < count; i++) {
    uint32_t first = ranges[i] >> 3;
    uint32_t end = i + 1 < count ? ranges[i + 1] >> 3 : CLASS_TABLE_END;
    memset(apus_text_classes + first, (int)(ranges[i] & 7), end - first);
  }
}

void apus_text_classes_prepare(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, fill);
}
