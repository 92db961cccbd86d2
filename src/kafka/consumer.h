// One librdkafka consumer: partitions are assigned to it with their positions, and messages taken from it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kafka/client_settings.h"
#include "kafka/message.h"
#include "laketide/status.h"

namespace laketide::kafka {

/// Whom to ask and how much to read ahead. Immutable.
struct ConsumerOptions {
  std::string brokers;
  std::string group_id;  // the API wants one; the group is never joined
  Settings client;       // on top of ours
  /// What the client may hold ready, with its own overhead; one answer of a broker may come on top.
  int64_t prefetch_bytes_max = 8 << 20;
  /// Keeps each partition's messages apart, for `take_from`, and holds back by `prefetch_messages` for each.
  bool queue_per_partition = false;
  int64_t prefetch_messages = 1000;
  /// How long a broker that has nothing new may hold a request. A record of a partition that was asked for is answered at once, however
  /// long it is; one of a partition that became ready right behind the first request after `assign` waits for the answer, and so does the end
  /// of an empty log. Each request costs 60 to 110 µs of ours, also where nothing ever comes: with 500 ms an idle stream takes a third more CPU.
  std::chrono::milliseconds fetch_wait{1000};
  /// Its threads are let in soon when they wake (base/begin_thread.h). On a busy machine records are here some milliseconds sooner; where
  /// there are always more of them, reading takes a tenth more CPU.
  bool prompt = false;
};

/// Where reading of a partition starts. Immutable.
struct PartitionStart {
  /// In place of an offset: the first one that the broker has, whichever that is.
  static constexpr int64_t kBeginning = RD_KAFKA_OFFSET_BEGINNING;

  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
};

/// Owns the client, its threads and its queue. Reads committed records only; never commits, never joins a group, never resets a
/// position. An own broker thread per broker fetches ahead, bounded by FetchGate. `wake` is called from those threads when
/// messages or errors stand ready after there were none; it must not call back, and is not called any more once the destructor has
/// returned. Nothing here waits but `wait`: the client is taken down elsewhere. All that was fetched must be cleared before.
/// Confined to its task.
class Consumer {
 public:
  static Result<std::unique_ptr<Consumer>> open(const ConsumerOptions& options, std::function<void()> wake);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  /// Replaces what is read. What was fetched for the assignment before is dropped.
  Status assign(const std::vector<PartitionStart>& starts);
  /// Stops fetching a partition and drops what is fetched of it; for partitions that are read to the end.
  void pause(const std::string& topic, int32_t partition);

  /// Takes at most `messages_max` events, in offset order within a partition, into `out`, freeing what it held.
  void take(size_t messages_max, Fetched& out);
  /// The same from the partition at `index` of the last `assign`; needs queue_per_partition.
  void take_from(size_t index, size_t messages_max, Fetched& out);
  /// As `take`, but waits for the first event.
  void wait(std::chrono::milliseconds at_most, size_t messages_max, Fetched& out);

  /// No broker could be reached, and none was since.
  bool is_broker_away() const;
  /// What the client found that no waiting can mend (authentication); else success.
  Status failure() const;
  /// CPU time that the client's own threads have used.
  std::chrono::nanoseconds client_cpu() const;

 private:
  struct State;
  explicit Consumer(std::unique_ptr<State> state);
  void take_out_of(rd_kafka_queue_t* queue, int timeout_ms, size_t messages_max, Fetched& out);

  std::unique_ptr<State> state_;
};

}  // namespace laketide::kafka
