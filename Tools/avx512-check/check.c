#include "check.h"

#include <stdarg.h>

#define ARENA_BYTES (24 << 20)
#define GUARD 64

check_case the_case;
const char *const input_names[INPUT_KINDS] = {"plain", "moderate", "wide", "finite", "tiny", "any"};

static uint8_t arena[ARENA_BYTES] __attribute__((aligned(64)));
static uint8_t scratch[APUS_WORKER_SCRATCH_BYTES] __attribute__((aligned(64)));
static int64_t arena_used, cases_begun;
static const char *const isa_names[] = {"scalar", "avx2", "avx512", "avx512_bf16"};

// ---- Text ----

static char *put_digits(char *at, uint64_t value, int base, int width) {
  char digits[24];
  int n = 0;
  do {
    digits[n++] = "0123456789abcdef"[value % (uint64_t)base];
    value /= (uint64_t)base;
  } while (value || n < width);
  while (n) *at++ = digits[--n];
  return at;
}

static char *put_all(char *at, const char *format, va_list arguments) {
  for (; *format; format++) {
    if (*format != '%') {
      *at++ = *format;
      continue;
    }
    switch (*++format) {
      case 's':
        for (const char *s = va_arg(arguments, const char *); *s; s++) *at++ = *s;
        break;
      case 'd': {
        int64_t value = va_arg(arguments, int64_t);
        if (value < 0) *at++ = '-';
        at = put_digits(at, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, 1);
        break;
      }
      case 'x': at = put_digits(at, (uint64_t)va_arg(arguments, int64_t), 16, 8); break;
      case 'X': at = put_digits(at, va_arg(arguments, uint64_t), 16, 16); break;
    }
  }
  *at = 0;
  return at;
}

void say(const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  put_all(text, format, arguments);
  va_end(arguments);
  platform_write(text);
}

// ---- Inputs ----

static uint64_t random_state;

uint32_t random_bits(void) {  // splitmix64
  uint64_t z = random_state += 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return (uint32_t)((z ^ (z >> 31)) >> 32);
}

int64_t random_below(int64_t n) { return (int64_t)(((uint64_t)random_bits() * (uint64_t)n) >> 32); }

static uint32_t random_float_bits(int kind) {
  static const uint32_t special[] = {
      0, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345, 0x7f800001, 0x3f800000,
      0xbf800000, 1, 0x80000001, 0x7fffff, 0x800000, 0x7f7fffff, 0xff7fffff, 0x3f000000};
  uint32_t bits = random_bits(), sign = bits & 0x80000000, fraction = bits & 0x7fffff;
  switch (kind) {
    case PLAIN:
    case MODERATE: {
      float value = (float)(int32_t)bits * (kind == PLAIN ? 0x1p-31f : 0x1p-27f);
      memcpy(&bits, &value, 4);
      return bits;
    }
    case WIDE: return sign | (uint32_t)(107 + random_below(41)) << 23 | fraction;
    case FINITE:  // now and then half way between two numbers of bfloat16 or float16
      if (bits % 8 == 0) fraction = (fraction & 0x7f0000) | 0x8000;
      if (bits % 8 == 1) fraction = (fraction & 0x7fe000) | 0x1000;
      return sign | (uint32_t)(bits % 8 < 2 ? 96 + random_below(50) : random_below(255)) << 23 |
             fraction;
    case TINY: return sign | (uint32_t)random_below(30) << 23 | fraction;
    default: return random_below(4) ? bits : special[random_below(16)];
  }
}

void fill_floats(float *to, int64_t n, int kind) {
  for (int64_t i = 0; i < n; i++) {
    uint32_t bits = random_float_bits(kind);
    memcpy(to + i, &bits, 4);
  }
}

void fill_halves(uint16_t *to, int64_t n, int kind, int32_t type) {
  for (int64_t i = 0; i < n; i++) {
    if (type == APUS_BFLOAT16) {
      to[i] = (uint16_t)(random_float_bits(kind) >> 16);
      continue;
    }
    uint32_t bits = random_bits(), rest = bits & 0x83ff;
    uint32_t exponent = kind == ANY      ? (uint32_t)random_below(32)
                        : kind == FINITE ? (uint32_t)random_below(31)
                        : kind == TINY   ? (uint32_t)random_below(2)
                                         : (uint32_t)(7 + random_below(9));
    to[i] = (uint16_t)(rest | exponent << 10);
  }
}

void fill_bytes(void *to, int64_t n) {
  for (int64_t i = 0; i < n; i++) ((uint8_t *)to)[i] = (uint8_t)random_bits();
}

// ---- One case ----

void case_begin(void) {
  memset(&the_case, 0, sizeof the_case);
  arena_used = cases_begun++ % 2 ? 4 : 0;
}

void *case_memory(int64_t bytes) {
  int64_t all = (bytes + 2 * GUARD + 63) / 64 * 64;
  if (arena_used + all > ARENA_BYTES) {
    say("the arena is too small\n");
    __builtin_trap();
  }
  uint8_t *at = arena + arena_used;
  memset(at, 0xff, (size_t)all);  // NaNs, should anybody use what lies outside
  arena_used += all;
  return at + GUARD;
}

void *case_input(int buffer, int64_t bytes) {
  return the_case.arguments.buffers[buffer] = case_memory(bytes);
}

void *case_output(int buffer, int64_t bytes, int kind) {
  check_output *output = &the_case.outputs[the_case.output_count++];
  *output = (check_output){
      case_memory(bytes), case_memory(bytes), case_memory(bytes), bytes, kind};
  return the_case.arguments.buffers[buffer] = output->at;
}

// Every worker of a team of `count`, one after the other: they share no sums.
static void run_team(apus_kernel kernel, int32_t count) {
  for (int i = 0; i < the_case.output_count; i++)
    memset(the_case.outputs[i].at - GUARD, 0xa5, (size_t)the_case.outputs[i].bytes + 2 * GUARD);
  int64_t counter = 0;
  for (int32_t index = 0; index < count; index++) {
    apus_worker worker = {index, count, scratch, APUS_WORKER_SCRATCH_BYTES, &counter};
    kernel(&the_case.arguments, &worker);
  }
}

void case_run_scalar(const apus_kernel_variants *kernel) {
  run_team(kernel->by_isa[APUS_ISA_SCALAR], 1);
}

static int is_nan(const uint8_t *p) {
  uint32_t bits;
  memcpy(&bits, p, 4);
  return (bits & 0x7fffffff) > 0x7f800000;
}

// The first place that differs, or -1. Numbers of which only the bits of a NaN differ, or that an
// emulated AVX2 wrote too, are counted.
static int64_t find_difference(check_group *group, int32_t isa, const check_output *output) {
  const uint8_t *a = output->at - GUARD, *b = output->expected - GUARD;
  int64_t all = output->bytes + 2 * GUARD;
  if (memcmp(a, b, (size_t)all) == 0) return -1;
  int64_t step = output->kind == OUTPUT_FLOATS ? 4 : 1;
  for (int64_t i = 0; i < all; i += step) {
    if (memcmp(a + i, b + i, (size_t)step) == 0) continue;
    if (step == 4 && is_nan(a + i) && is_nan(b + i))
      group->payloads[isa]++;
    else if (isa > APUS_ISA_AVX2 && platform_is_emulated() &&
             memcmp(a + i, output->emulated - GUARD + i, (size_t)step) == 0)
      group->excused[isa]++;
    else
      return i;
  }
  return -1;
}

static void report(
    const check_group *group, const char *isa, const char *shape, int output, int64_t place) {
  const check_output *o = &the_case.outputs[output];
  int64_t size = o->kind == OUTPUT_FLOATS ? 4 : 1;
  uint32_t found = 0, expected = 0;
  memcpy(&found, o->at - GUARD + place, (size_t)size);
  memcpy(&expected, o->expected - GUARD + place, (size_t)size);
  say("  DIFFERENT %s %s: %s: output %d, element %d: %x, scalar %x\n", group->name, isa, shape,
      (int64_t)output, (place - GUARD) / size, (int64_t)found, (int64_t)expected);
}

void case_run(check_group *group, const char *format, ...) {
  static const int32_t teams[APUS_ISA_COUNT] = {1, 2, 3, 4};
  char shape[256];
  va_list arguments;
  va_start(arguments, format);
  put_all(shape, format, arguments);
  va_end(arguments);
  group->cases++;
  for (int32_t isa = 0; isa <= platform_best(); isa++) {
    run_team(group->kernel->by_isa[isa], group->cases % 3 ? 1 : teams[isa]);
    group->runs[isa]++;
    int bad = 0;
    for (int i = 0; i < the_case.output_count; i++) {
      check_output *output = &the_case.outputs[i];
      int64_t all = output->bytes + 2 * GUARD;
      if (isa == APUS_ISA_SCALAR) {
        memcpy(output->expected - GUARD, output->at - GUARD, (size_t)all);
        for (int64_t k = 0; k < output->bytes; k++)
          group->hash = (group->hash ^ output->at[k]) * 0x100000001b3;
        continue;
      }
      if (isa == APUS_ISA_AVX2) memcpy(output->emulated - GUARD, output->at - GUARD, (size_t)all);
      int64_t place = find_difference(group, isa, output);
      if (place >= 0 && !bad++ && group->mismatches[isa]++ == 0)
        report(group, isa_names[isa], shape, i, place);
    }
  }
}

check_group group_begin(const apus_kernel_variants *kernel) {
  random_state = 1;
  return (check_group){.name = kernel->name, .kernel = kernel, .hash = 0xcbf29ce484222325};
}

void group_end(const check_group *group) {
  say("%s: %d cases, scalar results %X\n", group->name, group->cases, group->hash);
  for (int32_t isa = 1; isa <= platform_best(); isa++)
    say("  %s %s: %d runs, %d differ, %d NaNs with other bits, %d numbers as emulated AVX2\n",
        !group->mismatches[isa]                              ? "ok"
        : isa == APUS_ISA_AVX2 && platform_is_emulated() ? "WRONGLY EMULATED"
                                                             : "FAILED",
        isa_names[isa], group->runs[isa], group->mismatches[isa], group->payloads[isa],
        group->excused[isa]);
}

void check_everything(void) {
  check_rows();
  check_matmuls();
  check_pages();
  check_tiles();
  say("the end\n");
}
