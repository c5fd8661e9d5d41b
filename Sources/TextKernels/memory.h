#ifndef APUS_TEXT_MEMORY_H
#define APUS_TEXT_MEMORY_H

#include <stddef.h>

// Memory that is there: where the system has none left the process ends, as it does for Swift.
void *apus_text_allocate(size_t bytes);
void *apus_text_resize(void *memory, size_t bytes);

// Zeroed, aligned to cache lines, in large pages where the system has them.
void *apus_text_allocate_table(size_t bytes);

// A buffer of `items` of `size` bytes that grows by halves; returns its place.
void *apus_text_grow(void *memory, size_t *capacity, size_t items, size_t size);

#endif
