// How a matmul is shared out: what one launch asks for, and which columns and rows a thread takes
// next.
//
// The columns of all segments are one line of units (tiles of columns that never cross a segment):
//
//     | segment 0: u u u u u | segment 1: u u | segment 2: u u u |
//
// A task is a run of units x a part of the rows. Which thread takes which task never changes a
// result: a sum is never split.
#ifndef APUS_MATMUL_SPLIT_H
#define APUS_MATMUL_SPLIT_H

#include "../include/cpu_kernels.h"

#define APUS_SEGMENTS 4
// About this much of the weights is taken from the counter at once: less restarts the hardware
// prefetchers (.86 to .80 of bandwidth when it was measured), more leaves a thread waiting at the
// end.
#define APUS_TASK_BYTES (1 << 20)
// From this many rows on, arithmetic outweighs the reading of weights.
#define APUS_FEW_ROWS 16
// Columns that are finished before their epilogue runs: with few rows as many as a tile program
// takes at once, with many rows so few that a hundred rows of them (32 KB) are still in the caches.
#define APUS_STRIP_FEW_ROWS 256
#define APUS_STRIP_MANY_ROWS 64

typedef struct apus_matmul {
  const apus_kernel_arguments *arguments;
  int64_t rows, inner, segments;
  int64_t unit;              // columns in a unit
  int64_t weight_row_bytes;
  int32_t isa;
} apus_matmul;

// Part of one segment: what a kernel computes before the epilogue runs over it.
typedef struct apus_matmul_strip {
  const uint8_t *weight;  // of the whole segment
  float *out;             // of the whole segment
  int64_t out_stride, columns;  // of the whole segment
  int64_t first_column, last_column, first_row, last_row;
} apus_matmul_strip;

typedef void (*apus_matmul_strip_kernel)(
    const apus_matmul *matmul, const apus_matmul_strip *strip, uint8_t *scratch,
    int64_t scratch_bytes);

static inline int64_t apus_minimum(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t apus_maximum(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t apus_ceiling(int64_t a, int64_t b) { return (a + b - 1) / b; }

static inline apus_matmul apus_matmul_from(
    const apus_kernel_arguments *arguments, int64_t unit, int64_t weight_row_bytes, int32_t isa) {
  const int64_t *sizes = arguments->sizes;
  return (apus_matmul){arguments, sizes[0], sizes[1], sizes[2], unit, weight_row_bytes, isa};
}

// Computes units first ..< last for a range of rows, strip by strip, and runs the epilogues.
static inline void apus_matmul_run_units(
    const apus_matmul *matmul, apus_matmul_strip_kernel kernel, const apus_worker *worker,
    int64_t first, int64_t last, int64_t first_row, int64_t last_row) {
  const apus_kernel_arguments *arguments = matmul->arguments;
  int64_t few = last_row - first_row <= APUS_FEW_ROWS;
  int64_t width = few ? APUS_STRIP_FEW_ROWS : APUS_STRIP_MANY_ROWS;
  width = apus_maximum(1, width / matmul->unit) * matmul->unit;
  int64_t unit_of_segment = 0;
  for (int64_t s = 0; s < matmul->segments; s++) {
    int64_t columns = arguments->sizes[4 + s], units = apus_ceiling(columns, matmul->unit);
    int64_t begin = apus_maximum(first - unit_of_segment, 0) * matmul->unit;
    int64_t end = apus_minimum((last - unit_of_segment) * matmul->unit, columns);
    unit_of_segment += units;
    apus_matmul_strip strip = {
        arguments->buffers[3 + 2 * s], arguments->buffers[4 + 2 * s], arguments->sizes[8 + s],
        columns, 0, 0, first_row, last_row};
    for (int64_t column = begin; column < end; column += width) {
      strip.first_column = column;
      strip.last_column = apus_minimum(column + width, end);
      kernel(matmul, &strip, worker->scratch, worker->scratch_bytes);
      if (arguments->programs[s])
        apus_tile_program_run(
            arguments->programs[s], arguments->buffers, matmul->isa, first_row, last_row,
            strip.first_column, strip.last_column);
    }
  }
}

// Runs this thread's share. Little work is split evenly and at fixed borders, so that a thread
// finds its part of a small weight in its own cache again; much is taken task by task from the
// counter.
static inline void apus_matmul_run(
    const apus_matmul *matmul, apus_matmul_strip_kernel kernel, const apus_worker *worker) {
  int64_t rows = matmul->rows, units = 0, count = worker->count;
  for (int64_t s = 0; s < matmul->segments; s++)
    units += apus_ceiling(matmul->arguments->sizes[4 + s], matmul->unit);
  if (rows <= 0 || units == 0) return;

  int64_t unit_bytes = matmul->unit * matmul->weight_row_bytes;
  if (rows <= APUS_FEW_ROWS) {
    if (count == 1 || units * unit_bytes < 2 * count * APUS_TASK_BYTES) {
      apus_matmul_run_units(
          matmul, kernel, worker, units * worker->index / count,
          units * (worker->index + 1) / count, 0, rows);
      return;
    }
  }
  int64_t task = apus_maximum(1, APUS_TASK_BYTES / apus_maximum(unit_bytes, 1)), parts = 1;
  if (rows > APUS_FEW_ROWS) {
    task = apus_maximum(1, APUS_STRIP_MANY_ROWS / matmul->unit);
    int64_t strips = apus_ceiling(units, task);
    if (strips < 4 * count)
      parts = apus_maximum(1, apus_minimum(rows / 32, apus_ceiling(4 * count, strips)));
  }
  int64_t part_rows = apus_ceiling(rows, parts), tasks = apus_ceiling(units, task) * parts;
  for (;;) {
    int64_t taken = __atomic_fetch_add(worker->counter, 1, __ATOMIC_RELAXED);
    if (taken >= tasks) return;
    int64_t first = taken / parts * task, row = taken % parts * part_rows;
    apus_matmul_run_units(
        matmul, kernel, worker, first, apus_minimum(first + task, units), row,
        apus_minimum(row + part_rows, rows));
  }
}

#endif
