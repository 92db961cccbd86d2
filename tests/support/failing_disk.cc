// Loaded before the C library: a disk that fails when it is told to. What the file FAILING_DISK holds, a Control, may be changed at any
// time; calls that make, write, name or sync files whose path holds its text then fail with its error, all of them or so many.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

/// Shared with tests/services/failing_disk.py. Thread-safe.
struct Control {
  int64_t error;   // errno of the calls that fail; 0: none fails
  int64_t passes;  // so many calls go well before
  int64_t times;   // then so many fail
  int64_t failed;  // how many have
  char below[256];
};

Control* control = nullptr;

[[gnu::constructor]] void open_control() {
  const char* path = std::getenv("FAILING_DISK");
  if (path == nullptr) return;
  const int file = open(path, O_RDWR | O_CLOEXEC);
  void* page = file < 0 ? MAP_FAILED : mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) std::abort();
  close(file);
  control = static_cast<Control*>(page);
}

/// True, and errno is set, if this call is one that has to fail.
bool fails(const char* path) {
  if (control == nullptr) return false;
  const auto error = static_cast<int>(__atomic_load_n(&control->error, __ATOMIC_ACQUIRE));
  if (error == 0 || std::strstr(path, control->below) == nullptr) return false;
  if (__atomic_fetch_sub(&control->passes, 1, __ATOMIC_RELAXED) > 0) return false;
  if (__atomic_fetch_sub(&control->times, 1, __ATOMIC_RELAXED) <= 0) return false;
  __atomic_fetch_add(&control->failed, 1, __ATOMIC_RELAXED);
  errno = error;
  return true;
}

bool fails(int file) {
  if (control == nullptr || __atomic_load_n(&control->error, __ATOMIC_ACQUIRE) == 0) return false;
  char name[40], path[4096];
  snprintf(name, sizeof name, "/proc/self/fd/%d", file);
  const ssize_t size = readlink(name, path, sizeof path - 1);
  if (size < 0) return false;
  path[size] = '\0';
  return fails(path);
}

template <typename Call>
Call* real(const char* name) {
  return reinterpret_cast<Call*>(dlsym(RTLD_NEXT, name));
}

int open_unless(const char* name, const char* path, int flags, mode_t mode) {
  if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0 && fails(path)) return -1;
  return real<int(const char*, int, ...)>(name)(path, flags, mode);
}

mode_t mode_of(int flags, va_list rest) { return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0; }

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_unless("open", path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_unless("open64", path, flags, mode);
}

ssize_t write(int file, const void* bytes, size_t size) {
  static const auto call = real<ssize_t(int, const void*, size_t)>("write");
  return fails(file) ? -1 : call(file, bytes, size);
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t at) {
  static const auto call = real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return fails(file) ? -1 : call(file, bytes, size, at);
}

ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t at) {
  static const auto call = real<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  return fails(file) ? -1 : call(file, bytes, size, at);
}

int fsync(int file) {
  static const auto call = real<int(int)>("fsync");
  return fails(file) ? -1 : call(file);
}

int fdatasync(int file) {
  static const auto call = real<int(int)>("fdatasync");
  return fails(file) ? -1 : call(file);
}

int ftruncate64(int file, off64_t size) noexcept {
  static const auto call = real<int(int, off64_t)>("ftruncate64");
  return fails(file) ? -1 : call(file, size);
}

int link(const char* from, const char* to) noexcept {
  static const auto call = real<int(const char*, const char*)>("link");
  return fails(to) ? -1 : call(from, to);
}

int rename(const char* from, const char* to) noexcept {
  static const auto call = real<int(const char*, const char*)>("rename");
  return fails(to) ? -1 : call(from, to);
}

int mkdir(const char* path, mode_t mode) noexcept {
  static const auto call = real<int(const char*, mode_t)>("mkdir");
  return fails(path) ? -1 : call(path, mode);
}

}  // extern "C"
