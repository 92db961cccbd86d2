#include "kafka/client_closer.h"

#include <pthread.h>

#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

namespace laketide::kafka {
namespace {

constexpr std::chrono::seconds kExitWait{2};

}  // namespace

ClientCloser& ClientCloser::instance() {
  static auto* const one = [] {
    std::atexit([] { ClientCloser::instance().wait_until_closed(Wait::for_at_most(kExitWait)); });
    return new ClientCloser;  // never destroyed: its thread may hang in the library
  }();
  return *one;
}

void ClientCloser::close(std::function<void()> destroy) {
  const MutexLock lock(mutex_);
  waiting_.push_back(std::move(destroy));
  changed_.notify_all();
  if (std::exchange(is_running_, true)) return;
  std::thread([this] { run(); }).detach();
}

bool ClientCloser::wait_until_closed(const Wait& wait) {
  const MutexLock lock(mutex_);
  while (!waiting_.empty() || is_busy_) {
    if (wait.over()) return false;
    changed_.wait_until(mutex_, std::chrono::steady_clock::now() + wait.left(std::chrono::milliseconds(100)));
  }
  return true;
}

void ClientCloser::run() {
  pthread_setname_np(pthread_self(), "lt-kafka-close");
  MutexLock lock(mutex_);
  while (true) {
    while (waiting_.empty()) changed_.wait(mutex_);
    auto destroy = std::move(waiting_.front());
    waiting_.pop_front();
    is_busy_ = true;
    lock.unlock();
    destroy();
    destroy = nullptr;
    lock.lock();
    is_busy_ = false;
    changed_.notify_all();
  }
}

}  // namespace laketide::kafka
