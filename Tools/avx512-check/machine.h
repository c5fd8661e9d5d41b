// What boot.S saves when the processor finds an exception, and who deals with it.
#ifndef APUS_MACHINE_H
#define APUS_MACHINE_H

#include "check.h"

typedef struct machine_state {
  uint32_t vectors[32][16];
  uint64_t general[16];
  uint64_t rip;
} machine_state;

// Executes the vdpbf16ps at state->rip; returns the address after it, or 0 where that is none.
uint64_t bf16_emulate(machine_state *state);
extern int64_t bf16_count;

#endif
