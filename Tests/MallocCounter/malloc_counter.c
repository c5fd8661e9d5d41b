#define _GNU_SOURCE
#include "include/malloc_counter.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

static _Thread_local int counts;
static _Thread_local int64_t allocations;

void malloc_counter_start(void) {
  allocations = 0;
  counts = 1;
}

int64_t malloc_counter_stop(void) {
  counts = 0;
  return allocations;
}

#if defined(__GLIBC__)
int32_t malloc_counter_works(void) { return 1; }

// glibc's own functions under the names that remain when ours stand in front of them.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
  allocations += counts;
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  allocations += counts;
  return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
  allocations += counts;
  return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
  allocations += counts;
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  allocations += counts;
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  allocations += counts;
  if (alignment % sizeof(void *) || (alignment & (alignment - 1)) || alignment == 0) return EINVAL;
  void *found = __libc_memalign(alignment, size);
  if (!found && size) return ENOMEM;
  *memory = found;
  return 0;
}
#else
int32_t malloc_counter_works(void) { return 0; }
#endif
