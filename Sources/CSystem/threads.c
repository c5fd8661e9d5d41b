#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "include/threads.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#endif

int32_t apus_processor_count(void) {
#ifdef __linux__
  // The mask's size is the kernel's, not CPU_SETSIZE: grow until it fits.
  for (int32_t processors = 1024; processors <= 1 << 20; processors *= 2) {
    cpu_set_t *set = CPU_ALLOC(processors);
    if (!set) break;
    size_t bytes = CPU_ALLOC_SIZE(processors);
    CPU_ZERO_S(bytes, set);
    int failed = sched_getaffinity(0, bytes, set);
    int32_t count = failed ? 0 : CPU_COUNT_S(bytes, set);
    CPU_FREE(set);
    if (!failed && count > 0) return count;
  }
#endif
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int32_t)online : 1;
}

int64_t apus_monotonic_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#ifdef __linux__

void apus_word_wait(const uint32_t *word, uint32_t expected) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

void apus_word_wake_all(const uint32_t *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

#else

// Without futexes: a few buckets of mutex and condition, chosen by the word's address.
enum { buckets = 16 };
static struct {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
} bucket[buckets] = {[0 ... buckets - 1] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER}};

static int32_t bucket_of(const uint32_t *word) { return ((uintptr_t)word >> 6) % buckets; }

void apus_word_wait(const uint32_t *word, uint32_t expected) {
  int32_t b = bucket_of(word);
  pthread_mutex_lock(&bucket[b].mutex);
  if (__atomic_load_n(word, __ATOMIC_SEQ_CST) == expected)
    pthread_cond_wait(&bucket[b].changed, &bucket[b].mutex);
  pthread_mutex_unlock(&bucket[b].mutex);
}

void apus_word_wake_all(const uint32_t *word) {
  int32_t b = bucket_of(word);
  pthread_mutex_lock(&bucket[b].mutex);
  pthread_cond_broadcast(&bucket[b].changed);
  pthread_mutex_unlock(&bucket[b].mutex);
}

#endif
