// The checks on the bare machine: lines go to the parallel port, whose bytes the emulator writes
// to a file.
#include "machine.h"

static void port_write(uint16_t port, uint8_t value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

void platform_write(const char *text) {
  for (; *text; text++) {
    port_write(0x378, (uint8_t)*text);
    port_write(0x37a, 0x0d);  // strobe
    port_write(0x37a, 0x0c);
  }
}

int platform_is_emulated(void) { return 1; }

static void stop(void) {
  for (const char *s = "Shutdown"; *s; s++) port_write(0x8900, (uint8_t)*s);
  for (;;) __asm__ volatile("hlt");
}

// Every set: what the emulator lacks of BF16, machine_caught adds.
int32_t platform_best(void) { return APUS_ISA_AVX512_BF16; }

uint64_t machine_caught(machine_state *state, uint64_t number, uint64_t error) {
  if (number == 6) {
    uint64_t next = bf16_emulate(state);
    if (next) return next;
  }
  const uint8_t *code = (const uint8_t *)state->rip;
  say("EXCEPTION %d, error %d, at %X, bytes %X\n", (int64_t)number, (int64_t)error, state->rip,
      *(const uint64_t *)code);
  stop();
  return 0;
}

void machine_main(void) {
  say("the bare machine\n");
  check_everything();
  say("vdpbf16ps: %d executed by the stand-in\n", bf16_count);
  stop();
}
