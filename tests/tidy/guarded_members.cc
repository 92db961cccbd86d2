// Clang must take this file, and refuse it with each mistake: that is what shows that its thread-safety analysis is awake.
#include "base/mutex.h"

namespace laketide {

/// Thread-safe.
class Account {
 public:
  void add(int amount) {
    const MutexLock lock(mutex_);
    add_locked(amount);
  }
  void await(int amount) {
    const MutexLock lock(mutex_);
    while (balance_ < amount) changed_.wait(mutex_);
  }
  bool add_if_free(int amount) {
    if (!mutex_.try_lock()) return false;
    const MutexLock lock(mutex_, std::adopt_lock);
    add_locked(amount);
    return true;
  }
#if defined(MISTAKE_READ)
  int balance() const { return balance_; }
#elif defined(MISTAKE_CALLED)
  void add_two() { add_locked(2); }
#elif defined(MISTAKE_RELEASED)
  void add_late(int amount) {
    MutexLock lock(mutex_);
    lock.unlock();
    balance_ += amount;
  }
#elif defined(MISTAKE_WAITED)
  void await_any() { changed_.wait(mutex_); }
#elif defined(MISTAKE_TWICE)
  void add_again(int amount) {
    mutex_.lock();
    const MutexLock lock(mutex_);
    add_locked(amount);
  }
#endif

 private:
  void add_locked(int amount) LT_REQUIRES(mutex_) {
    balance_ += amount;
    changed_.notify_all();
  }

  Mutex mutex_;
  CondVar changed_;
  int balance_ LT_GUARDED_BY(mutex_) = 0;
};

}  // namespace laketide
