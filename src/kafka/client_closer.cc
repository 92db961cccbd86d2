#include "kafka/client_closer.h"

#include <pthread.h>

#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

#include "base/log.h"

namespace laketide::kafka {
namespace {

constexpr std::chrono::seconds kExitWait{2};
constexpr std::chrono::seconds kPatience{5};

}  // namespace

ClientCloser& ClientCloser::instance() {
  static auto* const one = [] {
    std::atexit([] { ClientCloser::instance().wait_until_closed(Wait::for_at_most(kExitWait)); });
    return new ClientCloser(kPatience);
  }();
  return *one;
}

void ClientCloser::close(std::function<void()> destroy) {
  const MutexLock lock(mutex_);
  waiting_.push_back(std::move(destroy));
  changed_.notify_all();
  if (thread_ == 0) {
    thread_ = 1;
    start(&ClientCloser::run);
  } else if (is_busy_ && !std::exchange(is_standing_by_, true)) {
    start(&ClientCloser::stand_by);
  }
}

void ClientCloser::start(void (ClientCloser::*work)()) {
  std::thread([this, work] {
    pthread_setname_np(pthread_self(), "lt-kafka-close");
    (this->*work)();
  }).detach();
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
  MutexLock lock(mutex_);
  const int mine = thread_;
  while (true) {
    while (waiting_.empty()) changed_.wait(mutex_);
    auto destroy = std::move(waiting_.front());
    waiting_.pop_front();
    is_busy_ = true;
    busy_since_ = std::chrono::steady_clock::now();
    if (!waiting_.empty() && !std::exchange(is_standing_by_, true)) start(&ClientCloser::stand_by);
    lock.unlock();
    destroy();
    destroy = nullptr;
    lock.lock();
    if (thread_ != mine) return;  // it took so long that another one goes on
    is_busy_ = false;
    changed_.notify_all();
  }
}

void ClientCloser::stand_by() {
  {
    const MutexLock lock(mutex_);
    bool hangs = false;
    while (!hangs && (is_busy_ || !waiting_.empty())) {
      const auto now = std::chrono::steady_clock::now();
      hangs = is_busy_ && now >= busy_since_ + patience_;
      if (!hangs) changed_.wait_until(mutex_, (is_busy_ ? busy_since_ : now) + patience_);
    }
    is_standing_by_ = false;
    if (!hangs) return;
    ++thread_;
    is_busy_ = false;
  }
  log::warn("a Kafka client does not end, which librdkafka before 2.6.1 is known for when a topic is deleted under it; its threads and what it has fetched stay until the process ends");
  run();
}

}  // namespace laketide::kafka
