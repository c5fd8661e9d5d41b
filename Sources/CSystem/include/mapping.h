// Read-only maps of files and zeroed memory, both with readable zero bytes past their end, so that
// vector loads may run past the last element.
#ifndef APUS_CSYSTEM_MAPPING_H
#define APUS_CSYSTEM_MAPPING_H

#include <stdint.h>

typedef struct {
  void *address;          // of the first byte; never NULL after success
  int64_t byte_count;     // without the tail
  int64_t reserved_bytes; // what must be unmapped; 0 where the memory came from the allocator
  int32_t file;           // the descriptor of a mapped file, kept open; -1 for memory
  int32_t guard;          // of a mapped file, see sigbus.h; -1 for memory
} apus_bytes;

// Maps a whole regular file read-only; at least `tail` readable zero bytes follow its last byte.
// Returns 0, or the errno of what failed (EISDIR for a folder, EINVAL for anything else but a
// file, ENFILE where too many files are mapped). Where the file shrinks later, zeros are read and
// the bytes count as damaged.
int apus_map_file(const char *path, int64_t tail, apus_bytes *result);

// Zeroed writable memory, aligned to 64 bytes, followed by at least `tail` zero bytes. Returns 0 or
// ENOMEM. Large requests are pages that cost nothing until they are touched.
int apus_allocate(int64_t byte_count, int64_t tail, apus_bytes *result);

// Whether a mapped file was found shorter than when it was mapped, or a page of it could not be
// read, now or before. What was read before a 0 is what the file held. Costs a system call.
int apus_bytes_are_damaged(const apus_bytes *bytes);

// Gives back what one of the two above returned.
void apus_release_bytes(const apus_bytes *bytes);

// The system's sentence for an errno value; valid until the thread's next call.
const char *apus_error_text(int error);

// 1 where the path is a folder, 2 where it is a regular file, 0 otherwise; links are followed.
int apus_path_kind(const char *path);

// Calls back with the name of every entry of a folder but "." and "..". Returns 0 or the errno.
int apus_list_folder(
    const char *path, void (*visit)(const char *name, void *context), void *context);

#endif
