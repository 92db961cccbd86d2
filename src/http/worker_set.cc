#include "http/worker_set.h"

#include <cstdint>
#include <utility>

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace laketide::http {

WorkerSet::WorkerSet(const std::string& name, int threads, int calls_max) : calls_max_(calls_max) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this, name] {
      begin_thread(name);
      work();
    });
  }
}

WorkerSet::~WorkerSet() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerSet::post(std::function<void()> call) {
  {
    const std::lock_guard lock(mutex_);
    if (calls_ >= calls_max_ || stopping_) return false;
    ++calls_;
    waiting_.push_back(std::move(call));
  }
  changed_.notify_one();
  return true;
}

void WorkerSet::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    std::function<void()> call = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    call();
    call = nullptr;  // what it holds may be much, and goes before the next wait
    lock.lock();
    --calls_;
  }
}

// A thread with short slices of the processor is let in ahead of those with longer ones when it wakes (Linux 6.12 and later; others do nothing
// with the wish), and gets no more of it in all.
void begin_thread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
  constexpr uint64_t kSliceNanos = 100'000;  // the shortest there is
  // sched_setattr(2); the kernel's header and the C library's both define sched_param.
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } wish{};
  static_assert(sizeof wish == 48);
  wish.size = sizeof wish;
  wish.policy = SCHED_OTHER;
  wish.nice = getpriority(PRIO_PROCESS, 0);
  wish.runtime = kSliceNanos;
  (void)syscall(SYS_sched_setattr, 0, &wish, 0U);
}

}  // namespace laketide::http
