#include "http/worker_set.h"

#include <utility>

#include "base/begin_thread.h"

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

}  // namespace laketide::http
