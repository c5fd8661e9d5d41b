// The checks as an ordinary process, on the instruction sets of this machine.
#include "check.h"

#include <stdio.h>

void platform_write(const char *text) { fputs(text, stdout); }
int32_t platform_best(void) { return apus_isa_best(); }
int platform_is_emulated(void) { return 0; }

int main(void) {
  check_everything();
  return 0;
}
