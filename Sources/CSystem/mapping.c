#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "mapping.h"

#include "sigbus.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

// From here on memory is mapped instead of allocated, so that untouched pages cost nothing; and
// from there on in huge pages where the system has some.
enum { LARGE_REQUEST = 256 * 1024, HUGE_REQUEST = 4 * 1024 * 1024 };

// `byte_count + tail` in whole pages, or -1 where that overflows.
static int64_t whole_pages(int64_t byte_count, int64_t tail) {
  int64_t page = (int64_t)sysconf(_SC_PAGESIZE);
  int64_t sum;
  if (__builtin_add_overflow(byte_count, tail, &sum)) return -1;
  if (__builtin_add_overflow(sum, page - 1, &sum)) return -1;
  return sum / page * page;
}

// Lays the file over the beginning of anonymous pages: what follows the file inside its last page
// is zero, and so is the page after it.
static int map_open_file(int file, int64_t tail, apus_bytes *result) {
  struct stat status;
  if (fstat(file, &status) != 0) return errno;
  if (!S_ISREG(status.st_mode)) return S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
  int64_t size = status.st_size;
  int64_t reserved = whole_pages(size, tail);
  if (reserved < 0) return EOVERFLOW;
  void *address = mmap(NULL, (size_t)reserved, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return errno;
  *result = (apus_bytes){address, size, reserved, file, -1};
  if (size == 0) return 0;
  if (mmap(address, (size_t)size, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0) == MAP_FAILED) {
    int error = errno;
    munmap(address, (size_t)reserved);
    return error;
  }
  result->guard = apus_guard_map(address, whole_pages(size, 0));
  if (result->guard >= 0) return 0;
  munmap(address, (size_t)reserved);
  return ENFILE;
}

int apus_map_file(const char *path, int64_t tail, apus_bytes *result) {
  // Opening a pipe must not wait for a writer.
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return errno;
  int error = map_open_file(file, tail, result);
  if (error != 0) close(file);
  return error;
}

int apus_bytes_are_damaged(const apus_bytes *bytes) {
  if (bytes->file < 0) return 0;
  struct stat status;
  if (apus_guard_is_damaged(bytes->guard)) return 1;
  // Inside its last page a file that shrinks gives zeros without a signal, so its size counts too.
  if (fstat(bytes->file, &status) == 0 && status.st_size >= bytes->byte_count) return 0;
  apus_guard_mark(bytes->guard);
  return 1;
}

int apus_allocate(int64_t byte_count, int64_t tail, apus_bytes *result) {
  int64_t reserved = whole_pages(byte_count, tail);
  if (reserved < 0) return ENOMEM;
  if (byte_count < LARGE_REQUEST) {
    void *address = NULL;
    if (posix_memalign(&address, 64, (size_t)(byte_count + tail)) != 0) return ENOMEM;
    memset(address, 0, (size_t)(byte_count + tail));
    *result = (apus_bytes){address, byte_count, 0, -1, -1};
    return 0;
  }
  void *address =
      mmap(NULL, (size_t)reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return ENOMEM;
#ifdef MADV_HUGEPAGE
  // A gigabyte in small pages costs a quarter of a million faults.
  if (byte_count >= HUGE_REQUEST) madvise(address, (size_t)reserved, MADV_HUGEPAGE);
#endif
  *result = (apus_bytes){address, byte_count, reserved, -1, -1};
  return 0;
}

void apus_release_bytes(const apus_bytes *bytes) {
  apus_guard_end(bytes->guard);
  if (bytes->file >= 0) close(bytes->file);
  if (bytes->reserved_bytes > 0) {
    munmap(bytes->address, (size_t)bytes->reserved_bytes);
  } else {
    free(bytes->address);
  }
}

const char *apus_error_text(int error) { return strerror(error); }

int apus_path_kind(const char *path) {
  struct stat status;
  if (stat(path, &status) != 0) return 0;
  return S_ISDIR(status.st_mode) ? 1 : S_ISREG(status.st_mode) ? 2 : 0;
}

int apus_list_folder(
    const char *path, void (*visit)(const char *name, void *context), void *context) {
  DIR *folder = opendir(path);
  if (folder == NULL) return errno;
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    visit(entry->d_name, context);
  }
  closedir(folder);
  return 0;
}
