// Threads: what the machine lets us use, waiting on a word, and a team of workers that meet at
// barriers.
#ifndef APUS_THREADS_H
#define APUS_THREADS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Processors that this process may run on: the affinity mask where there is one, else those online.
int32_t apus_processor_count(void);

// A clock that never goes back, in nanoseconds.
int64_t apus_monotonic_nanoseconds(void);

// Sleeps while *word == expected, until woken; may return early, so callers look again.
void apus_word_wait(const uint32_t *word, uint32_t expected);
// Wakes everybody who waits on the word.
void apus_word_wake_all(const uint32_t *word);

// ---- A team of threads ----
//
// The caller of apus_team_run is member 0; the others are threads of the team, which sleep between
// runs. Within a run all members execute the body and may meet at barriers. Waiting spins for a
// bounded time and then sleeps, because a neighbour may hold the processor of whoever is waited
// for.

typedef struct apus_team apus_team;

typedef struct apus_team_member {
  int32_t index;          // 0 ..< count
  int32_t count;          // members of the team
  void *scratch;          // this member's own memory, 64-byte aligned
  int64_t scratch_bytes;
  int64_t *counter;       // shared by the team; 0 at the start of a run and after each meeting
  apus_team *team;
  uint32_t generation;    // private: meetings that this member has seen
} apus_team_member;

typedef void (*apus_team_body)(void *context, apus_team_member *member);

// A team of `count` members (>= 1), each with `scratch_bytes` of its own. Members spin for
// `spin_nanoseconds` before they sleep. NULL where memory or threads cannot be had.
apus_team *apus_team_create(int32_t count, int64_t scratch_bytes, int64_t spin_nanoseconds);

// Runs body(context, member) on every member and returns when all have finished. One run at a time.
void apus_team_run(apus_team *team, apus_team_body body, void *context);

// Waits until every member has come here, and sets the counter to 0. Called within a body, by all
// or none.
void apus_team_meet(apus_team_member *member);

// Ends the threads and frees everything. No run may be under way.
void apus_team_destroy(apus_team *team);

#ifdef __cplusplus
}
#endif
#endif
