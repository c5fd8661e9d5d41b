// The candidates of one row in their order, produced lazily: descending probability, lower id first
// among equals.
//
// Probabilities are not negative, so their bits order as they do. Their high bits (the exponent and
// 4 bits of the significand) name a bucket; a histogram is made of them while they are computed.
// Ids are then gathered bucket by bucket from the top, in chunks of buckets that hold at least
// twice as many candidates as the chunk before: one pass over the row per chunk. Within a bucket
// they are sorted by two stable counting passes over the remaining 19 bits, when the bucket is
// reached. A peaked row of 128k entries so sorts a few dozen ids, a flat one each id once.
#ifndef APUS_RANKING_H
#define APUS_RANKING_H

#include <stdint.h>
#include <string.h>

#define RANK_SHIFT 19
#define RANK_BUCKETS 2048  // bits of probabilities end at 0x3F800000, those of 1
#define RANK_DIGIT 1024    // 19 bits as two digits of 10

typedef struct ranking {
  const uint32_t *bits;  // [n]: of the probabilities
  int64_t n;
  int32_t *ids, *spare;     // [n] each
  int64_t count;            // ids gathered
  int64_t sorted;           // of which the first are sorted
  int64_t positive;         // entries with a probability above 0
  int32_t lowest;           // buckets from here up are gathered
  int32_t next;             // the bucket that is sorted next
  int64_t chunk;            // least candidates of the next chunk
  int32_t sizes[RANK_BUCKETS];
  int32_t digits[RANK_DIGIT];
} ranking;

static inline void ranking_begin(
    ranking *r, const float *probabilities, int64_t n, int32_t *ids, int32_t *spare) {
  r->bits = (const uint32_t *)probabilities;
  r->n = n, r->ids = ids, r->spare = spare;
  r->count = r->sorted = r->positive = 0;
  r->lowest = r->next = RANK_BUCKETS;
  r->chunk = 64;
  memset(r->sizes, 0, sizeof r->sizes);
  for (int64_t i = 0; i < n; i++) {
    uint32_t bits = r->bits[i];
    r->positive += bits != 0;
    r->sizes[bits >> RANK_SHIFT] += bits != 0;
  }
}

// Gathers the next buckets; each keeps its ids ascending.
static inline void ranking_gather(ranking *r) {
  int32_t starts[RANK_BUCKETS];
  int32_t top = r->lowest;
  int64_t end = r->count;
  while (r->lowest > 0 && end - r->count < r->chunk) {
    r->lowest--;
    starts[r->lowest] = (int32_t)end;
    end += r->sizes[r->lowest];
  }
  for (int64_t i = 0; i < r->n; i++) {
    uint32_t bits = r->bits[i], bucket = bits >> RANK_SHIFT;
    if (bits && (int32_t)bucket >= r->lowest && (int32_t)bucket < top)
      r->ids[starts[bucket]++] = (int32_t)i;
  }
  r->count = end;
  r->chunk *= 8;
}

// One stable counting pass, descending in the digit at `shift`.
static inline void ranking_pass(
    ranking *r, const int32_t *from, int32_t *to, int64_t count, int shift) {
  memset(r->digits, 0, sizeof r->digits);
  for (int64_t i = 0; i < count; i++)
    r->digits[(r->bits[from[i]] >> shift) & (RANK_DIGIT - 1)]++;
  int32_t start = 0;
  for (int d = RANK_DIGIT - 1; d >= 0; d--) {
    int32_t size = r->digits[d];
    r->digits[d] = start;
    start += size;
  }
  for (int64_t i = 0; i < count; i++)
    to[r->digits[(r->bits[from[i]] >> shift) & (RANK_DIGIT - 1)]++] = from[i];
}

// Few ids: insertion, which is stable too.
static inline void ranking_insert(ranking *r, int32_t *ids, int64_t count) {
  for (int64_t i = 1; i < count; i++) {
    int32_t id = ids[i];
    int64_t j = i;
    for (; j > 0 && r->bits[ids[j - 1]] < r->bits[id]; j--) ids[j] = ids[j - 1];
    ids[j] = id;
  }
}

// The id at `index` of the order, which must be below `positive`.
static inline int32_t ranking_id(ranking *r, int64_t index) {
  while (index >= r->sorted) {
    if (r->next == r->lowest) ranking_gather(r);
    int64_t size = r->sizes[--r->next];
    int32_t *ids = r->ids + r->sorted;
    if (size <= 48) {
      ranking_insert(r, ids, size);
    } else {
      // The upper digit has 9 bits of its own; the bit above them is the same for the whole bucket.
      ranking_pass(r, ids, r->spare, size, 0);
      ranking_pass(r, r->spare, ids, size, 10);
    }
    r->sorted += size;
  }
  return r->ids[index];
}

#endif
