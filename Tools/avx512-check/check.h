// Runs every kernel of CPUKernels on every instruction set over seeded inputs and compares the
// bytes.
//
// The checks know nothing of where they run: host.c gives them an ordinary process, machine.c a
// bare emulated processor. See `run`.
#ifndef APUS_CHECK_H
#define APUS_CHECK_H

#include "../../Sources/CPUKernels/include/cpu_kernels.h"

#include <stddef.h>
#include <stdint.h>

// There is no C library where this runs: library.c.
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);

// ---- What a platform provides ----

void platform_write(const char *text);
// The greatest enum apus_isa that may be run.
int32_t platform_best(void);
// Whether AVX2 is emulated here, and its bits may be the emulator's fault: a run on a processor proves
// AVX2, so what AVX-512 writes may then be what AVX2 wrote instead of what plain C wrote.
int platform_is_emulated(void);

void check_everything(void);

// ---- Text ----

// %s; %d, %x in 8 and %X in 16 digits of 64-bit integers, which the caller must widen.
void say(const char *format, ...);

// ---- Inputs ----

enum {
  PLAIN,     // uniform in -1 ..< 1
  MODERATE,  // uniform in -16 ..< 16
  WIDE,      // exponents -20 ... 20
  FINITE,    // any finite number
  TINY,      // up to 2^-97, denormals among them
  ANY,       // any bits, with many zeros, infinities and NaNs
  INPUT_KINDS
};
extern const char *const input_names[INPUT_KINDS];

uint32_t random_bits(void);
int64_t random_below(int64_t n);
void fill_floats(float *to, int64_t n, int kind);
void fill_halves(uint16_t *to, int64_t n, int kind, int32_t type);  // APUS_FLOAT16, APUS_BFLOAT16
void fill_bytes(void *to, int64_t n);

// ---- One case ----
//
//     case_begin(); x = case_input(0, bytes); ... y = case_output(2, bytes, OUTPUT_FLOATS);
//     the_case.arguments.sizes[0] = ...; case_run(&group, "rows %d", rows);
//
// Output buffers are filled with a pattern before each run; what it leaves unwritten, and 64
// bytes on either side, is compared too.

enum { OUTPUT_BYTES, OUTPUT_FLOATS };

typedef struct check_output {
  uint8_t *at, *expected, *emulated;  // of this run, of plain C, of AVX2
  int64_t bytes;
  int kind;
} check_output;

typedef struct check_case {
  apus_kernel_arguments arguments;
  check_output outputs[8];
  int output_count;
} check_case;
extern check_case the_case;

// The results of a kernel.
typedef struct check_group {
  const char *name;
  const apus_kernel_variants *kernel;
  int64_t cases, runs[APUS_ISA_COUNT], mismatches[APUS_ISA_COUNT];
  int64_t payloads[APUS_ISA_COUNT];  // numbers that are NaN on both, with different bits
  int64_t excused[APUS_ISA_COUNT];   // numbers that are those of an emulated AVX2 alone
  uint64_t hash;                     // of the scalar results
} check_group;

void case_begin(void);
// 64-byte aligned, in every other case 4 bytes beyond that; 64 bytes past the end may be read.
void *case_memory(int64_t bytes);
void *case_input(int buffer, int64_t bytes);
void *case_output(int buffer, int64_t bytes, int kind);
void case_run(check_group *group, const char *format, ...);
void case_run_scalar(const apus_kernel_variants *kernel);  // makes an input of the next case

check_group group_begin(const apus_kernel_variants *kernel);
void group_end(const check_group *group);

void check_matmuls(void);
void check_rows(void);
void check_pages(void);
void check_tiles(void);

#endif
