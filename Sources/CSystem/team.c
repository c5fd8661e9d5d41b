#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "include/threads.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A word that some members wait on while another changes it. Each stands on a cache line of its
// own, so that those who spin do not slow down those who work.
typedef struct {
  _Alignas(64) uint32_t value;
  uint32_t sleepers;
} wait_word;

struct apus_team {
  wait_word start;    // counts runs
  wait_word meeting;  // counts meetings
  _Alignas(64) int32_t missing;  // members that have not come to the present meeting
  _Alignas(64) int64_t counter;
  _Alignas(64) apus_team_body body;
  void *context;
  int32_t ending;
  int32_t count;
  int64_t spin_nanoseconds;
  int32_t threads;  // started, without member 0
  pthread_t *handles;
  apus_team_member *members;
};

static inline void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Returns when word->value != old: spins for a bounded time, then sleeps.
static void await_change(wait_word *word, uint32_t old, int64_t spin_nanoseconds) {
  if (spin_nanoseconds > 0) {
    int64_t end = 0;
    for (;;) {
      // A clock reading costs about as much as these pauses.
      for (int32_t i = 0; i < 16; i++) {
        if (__atomic_load_n(&word->value, __ATOMIC_ACQUIRE) != old) return;
        pause_briefly();
      }
      int64_t now = apus_monotonic_nanoseconds();
      if (end == 0) end = now + spin_nanoseconds;
      if (now >= end) break;
    }
  }
  // The sleeper counts itself before it looks again, the waker changes the word before it counts
  // sleepers: one of the two sees the other.
  __atomic_fetch_add(&word->sleepers, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&word->value, __ATOMIC_SEQ_CST) == old) apus_word_wait(&word->value, old);
  __atomic_fetch_sub(&word->sleepers, 1, __ATOMIC_SEQ_CST);
}

static void change(wait_word *word) {
  __atomic_fetch_add(&word->value, 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&word->sleepers, __ATOMIC_SEQ_CST) > 0) apus_word_wake_all(&word->value);
}

void apus_team_meet(apus_team_member *member) {
  apus_team *team = member->team;
  uint32_t old = member->generation++;
  if (__atomic_sub_fetch(&team->missing, 1, __ATOMIC_ACQ_REL) == 0) {
    // Nobody is past this meeting yet: the last one prepares the next phase for all.
    team->missing = team->count;
    team->counter = 0;
    if (team->count > 1) change(&team->meeting);
    return;
  }
  await_change(&team->meeting, old, team->spin_nanoseconds);
}

static void *member_thread(void *argument) {
  apus_team_member *member = argument;
  apus_team *team = member->team;
  for (uint32_t run = 0;; run++) {
    await_change(&team->start, run, team->spin_nanoseconds);
    if (__atomic_load_n(&team->ending, __ATOMIC_ACQUIRE)) return NULL;
    team->body(team->context, member);
    apus_team_meet(member);
  }
}

void apus_team_run(apus_team *team, apus_team_body body, void *context) {
  team->body = body;
  team->context = context;
  if (team->count > 1) change(&team->start);
  body(context, &team->members[0]);
  apus_team_meet(&team->members[0]);
}

static void *aligned(int64_t bytes) {
  void *memory = NULL;
  return posix_memalign(&memory, 64, bytes > 0 ? bytes : 64) == 0 ? memory : NULL;
}

// Starts the threads with signals blocked: those that somebody sends belong to the program's own
// threads. What a thread's own instructions raise must come through, or the process ends at once:
// a mapped file that shrinks is a SIGBUS wherever it is read (sigbus.h).
static int32_t start_threads(apus_team *team) {
  sigset_t all, before;
  sigfillset(&all);
  const int own[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
  for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) sigdelset(&all, own[i]);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int32_t failed = 0;
  for (int32_t i = 1; i < team->count && !failed; i++) {
    failed = pthread_create(&team->handles[i], NULL, member_thread, &team->members[i]) != 0;
    if (failed) break;
    team->threads++;
#ifdef __linux__
    char name[16];
    snprintf(name, sizeof name, "apus-worker-%d", i);
    pthread_setname_np(team->handles[i], name);
#endif
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failed;
}

apus_team *apus_team_create(int32_t count, int64_t scratch_bytes, int64_t spin_nanoseconds) {
  if (count < 1) return NULL;
  apus_team *team = aligned(sizeof *team);
  if (!team) return NULL;
  memset(team, 0, sizeof *team);
  team->count = team->missing = count;
  team->spin_nanoseconds = spin_nanoseconds;
  team->handles = calloc(count, sizeof *team->handles);
  team->members = calloc(count, sizeof *team->members);
  int32_t failed = !team->handles || !team->members;
  for (int32_t i = 0; i < count && !failed; i++) {
    // Not touched here: a page comes to be where the member that first writes it runs.
    void *scratch = aligned(scratch_bytes);
    team->members[i] = (apus_team_member){
        .index = i, .count = count, .scratch = scratch, .scratch_bytes = scratch_bytes,
        .counter = &team->counter, .team = team};
    failed = !scratch;
  }
  if (!failed) failed = start_threads(team);
  if (!failed) return team;
  apus_team_destroy(team);
  return NULL;
}

void apus_team_destroy(apus_team *team) {
  if (team->threads > 0) {
    __atomic_store_n(&team->ending, 1, __ATOMIC_RELEASE);
    change(&team->start);
    for (int32_t i = 1; i <= team->threads; i++) pthread_join(team->handles[i], NULL);
  }
  for (int32_t i = 0; team->members && i < team->count; i++) free(team->members[i].scratch);
  free(team->members);
  free(team->handles);
  free(team);
}
