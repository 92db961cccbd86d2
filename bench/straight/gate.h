// Holds the client back without letting it sleep.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace straight {

/// Keeps the client from reading far ahead. Its own limit on a full queue puts a broker's thread to sleep for up to a second; here the
/// thread that has just asked for more waits while the queue is long, and the broker's answer waits in the socket. Thread-safe.
class Gate {
 public:
  void watch(rd_kafka_queue_t* queue) { queue_.store(queue); }
  void pass() {
    std::unique_lock lock(mutex_);
    // The client wants to look at its clocks now and then.
    drained_.wait_for(lock, std::chrono::milliseconds(200), [&] { return length() <= kMessagesMax; });
  }
  void drained() {
    if (length() > kMessagesMax) return;
    std::lock_guard lock(mutex_);
    drained_.notify_all();
  }

 private:
  static constexpr size_t kMessagesMax = 16'384;
  size_t length() const {
    rd_kafka_queue_t* const queue = queue_.load();
    return queue == nullptr ? 0 : rd_kafka_queue_length(queue);
  }

  std::mutex mutex_;
  std::condition_variable drained_;
  std::atomic<rd_kafka_queue_t*> queue_{nullptr};
};

}  // namespace straight
