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
/// `pass` is called by broker threads. It holds one at most for kHoldFirst, then for twice as long as the last time up to kHoldMax as
/// long as nobody takes anything: a thread that is held sees neither time-outs (60 s) nor that its broker is gone, and each time it is
/// let go one more answer, 1 MB a partition, joins the queue. So a reader that is not asked for minutes holds what the fuse allows.
///
/// What else the client has for a held thread waits with it: metadata, and partitions that are assigned anew. Neither is in a hurry,
/// as there are records to read; taking them, and `close`, let the thread go at once. Bounds and commits are asked for by another
/// client. `drained` and `close` are called by the consumer's owner.
///
/// Locks: `pass` takes the queue's lock under ours, so nobody may call in here under a queue's lock. Thread-safe.
class FetchGate {
 public:
  static constexpr std::chrono::milliseconds kHoldFirst{200};
  static constexpr std::chrono::milliseconds kHoldMax{5000};

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
  std::chrono::milliseconds hold_ LT_GUARDED_BY(mutex_) = kHoldFirst;
  bool closed_ LT_GUARDED_BY(mutex_) = false;
};

}  // namespace laketide::kafka
