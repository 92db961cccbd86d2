// std::mutex whose use clang can check: which member is guarded by which mutex stands in the code and not in a comment.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/wait.h"

// Clang's thread-safety analysis (-Wthread-safety, https://clang.llvm.org/docs/ThreadSafetyAnalysis.html); GCC sees nothing of it.
#if defined(__clang__)
#define LT_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define LT_THREAD_ATTRIBUTE(x)
#endif
#define LT_GUARDED_BY(mutex) LT_THREAD_ATTRIBUTE(guarded_by(mutex))        // a member that is touched under `mutex` only
#define LT_PT_GUARDED_BY(mutex) LT_THREAD_ATTRIBUTE(pt_guarded_by(mutex))  // a pointer whose target is
#define LT_REQUIRES(...) LT_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))  // a function that is called under the mutex
#define LT_EXCLUDES(...) LT_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))       // a function that takes the mutex itself
#define LT_ACQUIRE(...) LT_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define LT_RELEASE(...) LT_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define LT_TRY_ACQUIRE(...) LT_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define LT_NO_THREAD_SAFETY_ANALYSIS LT_THREAD_ATTRIBUTE(no_thread_safety_analysis)

namespace laketide {

/// Guards members that bear LT_GUARDED_BY with its name. Not recursive. Thread-safe.
class LT_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() LT_ACQUIRE() LT_NO_THREAD_SAFETY_ANALYSIS { mutex_.lock(); }
  bool try_lock() LT_TRY_ACQUIRE(true) LT_NO_THREAD_SAFETY_ANALYSIS { return mutex_.try_lock(); }
  void unlock() LT_RELEASE() LT_NO_THREAD_SAFETY_ANALYSIS { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

/// Holds a Mutex from here to the end of the block, but for what lies between `unlock` and `lock`. Confined to its task.
class LT_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) LT_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  /// Takes over what `try_lock` gave.
  MutexLock(Mutex& mutex, std::adopt_lock_t) LT_REQUIRES(mutex) : mutex_(mutex) {}
  ~MutexLock() LT_RELEASE() {
    if (holds_) mutex_.unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void unlock() LT_RELEASE() {
    holds_ = false;
    mutex_.unlock();
  }
  void lock() LT_ACQUIRE() {
    mutex_.lock();
    holds_ = true;
  }

 private:
  Mutex& mutex_;
  bool holds_ = true;
};

/// Waits without a predicate, which the analysis could not see into: call it in a loop that asks what is waited for. Thread-safe.
class CondVar {
 public:
  void notify_one() { changed_.notify_one(); }
  void notify_all() { changed_.notify_all(); }
  void wait(Mutex& mutex) LT_REQUIRES(mutex) {
    Adopted lock(mutex.mutex_);
    changed_.wait(lock.held);
  }
  /// False once the deadline has passed; SteadyTime::max() never does.
  bool wait_until(Mutex& mutex, SteadyTime deadline) LT_REQUIRES(mutex) {
    if (deadline == SteadyTime::max()) return wait(mutex), true;  // it overflows where a library converts clocks
    Adopted lock(mutex.mutex_);
    return changed_.wait_until(lock.held, deadline) == std::cv_status::no_timeout;
  }

 private:
  // Lends a mutex that is already held to the condition variable.
  struct Adopted {
    explicit Adopted(std::mutex& mutex) : held(mutex, std::adopt_lock) {}
    ~Adopted() { held.release(); }
    std::unique_lock<std::mutex> held;
  };
  std::condition_variable changed_;
};

}  // namespace laketide
