#if defined(__linux__)
#define _GNU_SOURCE
#include <sys/mman.h>
#endif

#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *or_abort(void *memory, size_t bytes) {
  if (!memory && bytes > 0) abort();
  return memory;
}

void *apus_text_allocate(size_t bytes) { return or_abort(malloc(bytes), bytes); }

void *apus_text_resize(void *memory, size_t bytes) {
  return or_abort(realloc(memory, bytes), bytes);
}

void *apus_text_allocate_table(size_t bytes) {
  size_t large = (size_t)1 << 21;
  size_t alignment = bytes >= large ? large : 64;
  bytes = (bytes + alignment - 1) & ~(alignment - 1);
  void *memory = or_abort(aligned_alloc(alignment, bytes), bytes);
#if defined(__linux__)
  // Before the first touch, so that the pages come large.
  if (bytes >= large) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memset(memory, 0, bytes);
}

void *apus_text_grow(void *memory, size_t *capacity, size_t items, size_t size) {
  if (items <= *capacity) return memory;
  size_t wanted = *capacity + *capacity / 2 + 64;
  *capacity = wanted > items ? wanted : items;
  return apus_text_resize(memory, *capacity * size);
}
