// Counts allocations of threads that ask for it. For tests only: linking this target replaces malloc.
#ifndef MALLOC_COUNTER_H
#define MALLOC_COUNTER_H

#include <stdint.h>

// Whether allocations are counted on this system (glibc).
int32_t malloc_counter_works(void);
// Begins to count this thread's allocations, from 0.
void malloc_counter_start(void);
// Ends counting; the number of calls of malloc, calloc, realloc and the aligned ones since the start.
int64_t malloc_counter_stop(void);

#endif
