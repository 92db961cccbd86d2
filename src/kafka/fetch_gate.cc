#include "kafka/fetch_gate.h"

#include <algorithm>

namespace laketide::kafka {
namespace {

// What librdkafka allocates for each message beside key and value, and does not count in its own limits.
constexpr int64_t kMessageOverhead = 400;
constexpr int64_t kFirstGuessBytes = 1024;
constexpr int64_t kMessagesMin = 64;

}  // namespace

FetchGate::FetchGate(int64_t bytes_max)
    : bytes_max_(bytes_max), messages_max_(std::max(kMessagesMin, bytes_max / (kFirstGuessBytes + kMessageOverhead))) {}

void FetchGate::watch(rd_kafka_queue_t* queue) {
  const MutexLock lock(mutex_);
  queue_ = queue;
}

bool FetchGate::is_longer_than(int64_t messages) {
  return queue_ != nullptr && static_cast<int64_t>(rd_kafka_queue_length(queue_)) > messages;
}

// An interceptor is told not to call the client nor to wait. The length takes the queue's own lock only, which no thread holds
// while it sends; and waiting is what this is for: the thread has nothing to do but to fetch more.
void FetchGate::pass() {
  const MutexLock lock(mutex_);
  if (closed_ || !is_longer_than(messages_max_.load(std::memory_order_relaxed))) return;
  waiting_.fetch_add(1);
  const SteadyTime until = std::chrono::steady_clock::now() + hold_;
  bool is_open = true;
  while (is_open && !closed_ && is_longer_than(messages_max_.load(std::memory_order_relaxed) / 2)) is_open = open_.wait_until(mutex_, until);
  waiting_.fetch_sub(1);
  hold_ = is_open ? kHoldFirst : std::min(hold_ * 2, kHoldMax);
}

void FetchGate::drained(int64_t messages, int64_t bytes) {
  if (messages > 0) {
    const int64_t fitting = std::max(kMessagesMin, bytes_max_ / (bytes / messages + kMessageOverhead));
    const int64_t before = messages_max_.load(std::memory_order_relaxed);
    messages_max_.store(fitting < before ? fitting : before + (fitting - before) / 4, std::memory_order_relaxed);
  }
  if (waiting_.load() == 0) return;
  const MutexLock lock(mutex_);
  open_.notify_all();
}

void FetchGate::close() {
  const MutexLock lock(mutex_);
  closed_ = true;
  queue_ = nullptr;
  open_.notify_all();
}

}  // namespace laketide::kafka
