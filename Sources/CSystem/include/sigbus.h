// A guard for mapped files that shrink or cannot be read any more. Reading such a page raises
// SIGBUS, which would end the process: instead the rest of the map is replaced by zero pages and
// the map is marked as damaged, for whoever computes with it to look at.
//
// Signals at other addresses go to the handler that was installed before.
#ifndef APUS_CSYSTEM_SIGBUS_H
#define APUS_CSYSTEM_SIGBUS_H

#include <stdint.h>

// Guards `byte_count` bytes from `address`, the start of a page, on. The first call installs the
// handler. Returns the guard's number, or -1 where there are too many already (4,096) or the
// handler cannot be installed.
int32_t apus_guard_map(void *address, int64_t byte_count);

// Whether a page of the map had to be replaced. One atomic load.
int apus_guard_is_damaged(int32_t guard);

// Marks a map as damaged. -1 is ignored.
void apus_guard_mark(int32_t guard);

// Ends a guard, before the map is released. -1 is ignored.
void apus_guard_end(int32_t guard);

#endif
