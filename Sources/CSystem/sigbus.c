#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "sigbus.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

// The handler may interrupt any thread at any place, so the table has no lock. A guard is claimed
// by its `state`; its `start` is written last and cleared first, and a start of 0 is no guard.
enum { GUARDS = 4096 };
typedef struct {
  _Atomic int state;  // 0 free, 1 taken
  _Atomic int damaged;
  _Atomic uintptr_t start;
  _Atomic uintptr_t end;
} guard;

static guard guards[GUARDS];
// Guards from here on were never taken: the handler looks no further.
static _Atomic int32_t used;
static uintptr_t page_size;
static struct sigaction previous;

// Replaces what is left of the map from the page of `address` on; 0 where that is none of ours or
// the system refuses. mmap is a bare system call and safe here.
static int replace_pages(uintptr_t address) {
  int32_t count = atomic_load_explicit(&used, memory_order_acquire);
  for (int32_t i = 0; i < count; i++) {
    uintptr_t start = atomic_load_explicit(&guards[i].start, memory_order_acquire);
    uintptr_t end = atomic_load_explicit(&guards[i].end, memory_order_relaxed);
    if (start == 0 || address < start || address >= end) continue;
    // Marked first: a thread that reads a zero here can see the mark afterwards.
    atomic_store_explicit(&guards[i].damaged, 1, memory_order_seq_cst);
    uintptr_t page = address & ~(page_size - 1);
    void *zeros = mmap(
        (void *)page, end - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    return zeros != MAP_FAILED;
  }
  return 0;
}

static void pass_on(int signal_number, siginfo_t *cause, void *context) {
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(signal_number, cause, context);
  } else if (previous.sa_handler == SIG_IGN && cause->si_code <= 0) {
    // Sent by somebody, and ignored before.
  } else if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN) {
    // Ends the process once this handler returns, as if it had never been there.
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigemptyset(&standard.sa_mask);
    sigaction(signal_number, &standard, NULL);
    raise(signal_number);
  } else {
    previous.sa_handler(signal_number);
  }
}

static void handle(int signal_number, siginfo_t *cause, void *context) {
  int error = errno;
  // A positive code: the kernel's own, so that there is an address.
  int is_replaced = cause->si_code > 0 && replace_pages((uintptr_t)cause->si_addr);
  errno = error;
  if (!is_replaced) pass_on(signal_number, cause, context);
}

static int is_installed;

static void install(void) {
  page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
  struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  is_installed = sigaction(SIGBUS, &action, &previous) == 0;
}

int32_t apus_guard_map(void *address, int64_t byte_count) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
  if (!is_installed) return -1;
  for (int32_t i = 0; i < GUARDS; i++) {
    int is_free = 0;
    if (!atomic_compare_exchange_strong(&guards[i].state, &is_free, 1)) continue;
    int32_t count = atomic_load(&used);
    while (count <= i && !atomic_compare_exchange_weak(&used, &count, i + 1)) {
    }
    atomic_store_explicit(&guards[i].damaged, 0, memory_order_relaxed);
    atomic_store_explicit(
        &guards[i].end, (uintptr_t)address + (uintptr_t)byte_count, memory_order_relaxed);
    atomic_store_explicit(&guards[i].start, (uintptr_t)address, memory_order_release);
    return i;
  }
  return -1;
}

int apus_guard_is_damaged(int32_t guard) {
  return guard >= 0 && atomic_load_explicit(&guards[guard].damaged, memory_order_seq_cst);
}

void apus_guard_mark(int32_t guard) {
  if (guard >= 0) atomic_store_explicit(&guards[guard].damaged, 1, memory_order_seq_cst);
}

void apus_guard_end(int32_t guard) {
  if (guard < 0) return;
  atomic_store_explicit(&guards[guard].start, 0, memory_order_release);
  atomic_store_explicit(&guards[guard].state, 0, memory_order_release);
}
