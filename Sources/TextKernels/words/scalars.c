#include "scalars.h"

#include <stdlib.h>
#include <string.h>

#include "../memory.h"

#define LONGEST_TEXT 32

const scalar_entry apus_text_no_scalar = {0, 0, APUS_TEXT_SCALAR_CONTEXT};

void apus_text_scalars_destroy(apus_text_scalars *s) {
  for (size_t i = 0; i < SCALAR_LIMIT / SCALAR_PAGE; i++) free(s->pages[i]);
  free(s->arena);
}

void apus_text_scalars_tell(
    apus_text_scalars *s, uint32_t scalar, int32_t kind, const uint8_t *bytes, size_t count) {
  if (scalar >= SCALAR_LIMIT || kind == APUS_TEXT_SCALAR_UNKNOWN) return;
  if (count > LONGEST_TEXT) kind = APUS_TEXT_SCALAR_CONTEXT;
  if (kind == APUS_TEXT_SCALAR_CONTEXT || kind == APUS_TEXT_SCALAR_SPACE) count = 0;
  scalar_entry entry = {(uint32_t)s->arena_used, (uint8_t)count, (uint8_t)kind};
  s->arena = apus_text_grow(s->arena, &s->arena_capacity, s->arena_used + count, 1);
  if (count > 0) memcpy(s->arena + s->arena_used, bytes, count);
  s->arena_used += count;
  if (scalar < 128) {
    s->ascii[scalar] = entry;
    return;
  }
  scalar_entry **page = s->pages + scalar / SCALAR_PAGE;
  if (!*page) {
    *page = apus_text_allocate(SCALAR_PAGE * sizeof **page);
    memset(*page, 0, SCALAR_PAGE * sizeof **page);
  }
  (*page)[scalar % SCALAR_PAGE] = entry;
}
