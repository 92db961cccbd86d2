// Holds librdkafka's fetching back when its queue is long enough, and lets go the moment it is not.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/mutex.h"
#include "kafka/handles.h"

namespace laketide::kafka {

/// librdkafka's own bound on its queue (queued.max.messages.kbytes) puts the broker thread to sleep for up to a second, however soon
/// the queue is empty again; before 2.2 nothing can shorten that. With a bound as small as ours, reading would be idle nine tenths of
/// its time. So that bound stays as a fuse, and this gate stands before it: a broker thread that has just asked for more waits
/// here while the queue is too long, and the broker's answer waits in the socket.
///
/// `pass` is called by broker threads; it waits at most `kHoldMax` at a time, so that the thread still sees time-outs and leaders that
/// moved. `drained` and `close` are called by the consumer's owner. Thread-safe.
class FetchGate {
 public:
  static constexpr std::chrono::milliseconds kHoldMax{200};

  explicit FetchGate(int64_t bytes_max);
  /// From now on `queue`'s length counts; null: nothing does.
  void watch(rd_kafka_queue_t* queue);
  void pass();
  /// Tells that `messages` with `bytes` of key and value were taken from the queue.
  void drained(int64_t messages, int64_t bytes);
  /// Nobody waits here any more.
  void close();

 private:
  bool is_longer_than(int64_t messages) LT_REQUIRES(mutex_);

  const int64_t bytes_max_;
  std::atomic<int64_t> messages_max_;
  std::atomic<int> waiting_{0};
  Mutex mutex_;
  CondVar open_;
  rd_kafka_queue_t* queue_ LT_GUARDED_BY(mutex_) = nullptr;
  bool closed_ LT_GUARDED_BY(mutex_) = false;
};

}  // namespace laketide::kafka
