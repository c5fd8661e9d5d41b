#include <string.h>

#include "../include/text_kernels.h"

// Most tokens are shorter than this: one load and one store.
#define STRIDE 16

size_t apus_text_decode(
    const apus_text_spellings *s, uint8_t stops, const int32_t *ids, size_t count, size_t *from,
    uint8_t *out, size_t capacity) {
  size_t at = *from, written = 0;
  for (; at < count; at++) {
    uint32_t id = (uint32_t)ids[at];
    if (id >= s->token_count || s->flags[id] & stops) break;
    size_t start = s->starts[id], length = s->starts[id + 1] - start;
    if (capacity - written < length + STRIDE) break;
    if (length <= STRIDE && s->byte_count - start >= STRIDE) {
      memcpy(out + written, s->bytes + start, STRIDE);
    } else {
      memcpy(out + written, s->bytes + start, length);
    }
    written += length;
  }
  *from = at;
  return written;
}
