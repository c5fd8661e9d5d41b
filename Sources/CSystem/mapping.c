#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "mapping.h"

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

int apus_map_file(const char *path, int64_t tail, apus_bytes *result) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno;
  int error = 0;
  struct stat status;
  if (fstat(file, &status) != 0) {
    error = errno;
  } else if (!S_ISREG(status.st_mode)) {
    error = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
  } else {
    // Anonymous pages are reserved first and the file is laid over their beginning: what follows
    // the file inside its last page is zero, and so is the page after it.
    int64_t reserved = whole_pages(status.st_size, tail);
    void *address = reserved < 0
        ? MAP_FAILED
        : mmap(NULL, (size_t)reserved, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED) {
      error = reserved < 0 ? EOVERFLOW : errno;
    } else if (status.st_size > 0 &&
        mmap(address, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0) ==
            MAP_FAILED) {
      error = errno;
      munmap(address, (size_t)reserved);
    } else {
      *result = (apus_bytes){address, status.st_size, reserved};
    }
  }
  close(file);
  return error;
}

int apus_allocate(int64_t byte_count, int64_t tail, apus_bytes *result) {
  int64_t reserved = whole_pages(byte_count, tail);
  if (reserved < 0) return ENOMEM;
  if (byte_count < LARGE_REQUEST) {
    void *address = NULL;
    if (posix_memalign(&address, 64, (size_t)(byte_count + tail)) != 0) return ENOMEM;
    memset(address, 0, (size_t)(byte_count + tail));
    *result = (apus_bytes){address, byte_count, 0};
    return 0;
  }
  void *address =
      mmap(NULL, (size_t)reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return ENOMEM;
#ifdef MADV_HUGEPAGE
  // A gigabyte in small pages costs a quarter of a million faults.
  if (byte_count >= HUGE_REQUEST) madvise(address, (size_t)reserved, MADV_HUGEPAGE);
#endif
  *result = (apus_bytes){address, byte_count, reserved};
  return 0;
}

void apus_release_bytes(const apus_bytes *bytes) {
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
