// How fast the matmul kernels are on this machine, beside tools that measure its limits. Not a
// test.
//
//     clang -O3 -pthread -I Sources/CPUKernels/include Benchmarks/kernels/matmul.c \
//       Sources/CPUKernels/*.c Sources/CPUKernels/*/*.c -lm -o /tmp/matmul && /tmp/matmul
//     /tmp/matmul [--format q4_0] [--rows 1,4,16,512] [--k 2048] [--n 8192] [--threads 2] [--isa 1]
//                 [--megabytes 256]
//
// Weights of --megabytes are walked round, so that one row streams from memory. For each format and
// number of rows: GB/s of weights read, GFLOP/s (2 rows N K a second), conversion of activations
// included.
#define _GNU_SOURCE
#include "cpu_kernels.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
  const char *name;
  const apus_kernel_variants *matmul, *convert;
  int64_t block, block_bytes;
} format;

static const format formats[] = {
    {"f32", &apus_matmul_f32, NULL, 1, 4},
    {"f16", &apus_matmul_f16, NULL, 1, 2},
    {"bf16", &apus_matmul_bf16, &apus_convert_rows_bf16, 1, 2},
    {"q8_0", &apus_matmul_q8_0, &apus_quantize_rows_q8, 32, 34},
    {"q4_0", &apus_matmul_q4_0, &apus_quantize_rows_q8, 32, 18},
    {"q4_1", &apus_matmul_q4_1, &apus_quantize_rows_q8, 32, 20},
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct {
  const format *format;
  uint8_t *weights;
  apus_kernel_arguments convert, matmul;
  int64_t copies, weight_bytes, repetitions;
  int64_t *counters;
  int threads, isa;
  pthread_barrier_t barrier;
} job;

typedef struct {
  job *job;
  int index;
  void *scratch;
} team_member;

static void *work(void *context) {
  team_member *member = context;
  job *j = member->job;
  apus_kernel matmul = apus_kernel_for(j->format->matmul, j->isa);
  for (int64_t i = 0; i < j->repetitions; i++) {
    apus_worker worker = {
        member->index, j->threads, member->scratch, APUS_WORKER_SCRATCH_BYTES, j->counters + i};
    if (j->format->convert) {
      apus_kernel_for(j->format->convert, j->isa)(&j->convert, &worker);
      pthread_barrier_wait(&j->barrier);
    }
    apus_kernel_arguments arguments = j->matmul;
    arguments.buffers[3] = j->weights + i % j->copies * j->weight_bytes;
    matmul(&arguments, &worker);
    pthread_barrier_wait(&j->barrier);
  }
  return NULL;
}

static double seconds(job *j, int64_t repetitions) {
  pthread_t threads[64];
  team_member members[64];
  j->repetitions = repetitions;
  j->counters = calloc((size_t)repetitions, sizeof(int64_t));
  pthread_barrier_init(&j->barrier, NULL, (unsigned)j->threads);
  for (int t = 0; t < j->threads; t++)
    members[t] = (team_member){j, t, aligned_alloc(64, APUS_WORKER_SCRATCH_BYTES)};
  double start = now();
  for (int t = 0; t < j->threads; t++) pthread_create(&threads[t], NULL, work, &members[t]);
  for (int t = 0; t < j->threads; t++) pthread_join(threads[t], NULL);
  double time = now() - start;
  for (int t = 0; t < j->threads; t++) free(members[t].scratch);
  free(j->counters);
  return time / (double)repetitions;
}

static void measure(
    const format *f, int64_t rows, int64_t k, int64_t n, int threads, int isa, int64_t megabytes) {
  job j = {.format = f, .threads = threads, .isa = isa};
  int64_t padded = (k + 31) / 32 * 32;
  j.weight_bytes = n * (k / f->block) * f->block_bytes;
  j.copies = (megabytes << 20) / j.weight_bytes;
  if (j.copies < 1) j.copies = 1;
  j.weights = aligned_alloc(4096, (size_t)(j.copies * j.weight_bytes + 8191) / 4096 * 4096);
  for (int64_t i = 0; i < j.copies * j.weight_bytes; i++)
    j.weights[i] = (uint8_t)((i * 2654435761u >> 13) & 0x33);
  float *x = malloc((size_t)(rows * k) * 4), *out = malloc((size_t)(rows * n) * 4);
  for (int64_t i = 0; i < rows * k; i++) x[i] = (float)(i % 17) - 8;
  void *q = malloc((size_t)(rows * padded) * 2), *scales = malloc((size_t)(rows * padded) / 8);
  void *sums = malloc((size_t)(rows * padded) / 8);
  j.convert = (apus_kernel_arguments){.buffers = {x, q, scales, sums}, .sizes = {rows, k}};
  j.matmul = (apus_kernel_arguments){
      .buffers = {f->convert ? q : x, scales, sums, NULL, out}, .sizes = {rows, k, 1}};
  j.matmul.sizes[4] = j.matmul.sizes[8] = n;
  double once = seconds(&j, 1);
  // The best of many short trials: a busy machine takes the core away in between.
  int64_t repetitions = (int64_t)(0.008 / once) + 1;
  double best = 1e9;
  for (int trial = 0; trial < 60; trial++) {
    double time = seconds(&j, repetitions);
    if (time < best) best = time;
  }
  printf(
      "%-5s rows %4ld  K %5ld N %6ld threads %d  %9.1f us  %6.1f GB/s  %7.1f GFLOP/s\n", f->name,
      (long)rows, (long)k, (long)n, threads, best * 1e6, (double)j.weight_bytes / best * 1e-9,
      2.0 * (double)(rows * n * k) / best * 1e-9);
  free(j.weights), free(x), free(out), free(q), free(scales), free(sums);
}

int main(int argc, char **argv) {
  const char *only = NULL, *rows = "1,2,4,8,16,128,512";
  int64_t k = 2048, n = 8192, megabytes = 256;
  int threads = 1, isa = apus_isa_best();
  for (int i = 1; i + 1 < argc; i += 2) {
    const char *value = argv[i + 1];
    if (!strcmp(argv[i], "--format")) only = value;
    if (!strcmp(argv[i], "--rows")) rows = value;
    if (!strcmp(argv[i], "--k")) k = atol(value);
    if (!strcmp(argv[i], "--n")) n = atol(value);
    if (!strcmp(argv[i], "--threads")) threads = atoi(value);
    if (!strcmp(argv[i], "--isa")) isa = atoi(value);
    if (!strcmp(argv[i], "--megabytes")) megabytes = atol(value);
  }
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    if (only && strcmp(only, formats[f].name)) continue;
    for (const char *p = rows; *p;) {
      measure(&formats[f], strtol(p, (char **)&p, 10), k, n, threads, isa, megabytes);
      if (*p == ',') p++;
    }
  }
}
