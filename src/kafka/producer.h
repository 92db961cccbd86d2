// Writes records to Kafka.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/wait.h"
#include "kafka/client_settings.h"
#include "laketide/status.h"

namespace laketide::kafka {

/// A record to write; it is copied. Immutable.
struct OutgoingRecord {
  std::string_view topic;
  std::optional<int32_t> partition;  // none: by the key
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  // none: a tombstone
  int64_t timestamp_ms = 0;               // 0: now
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Idempotent, acks from all replicas; records of one partition keep their order. Caller synchronises.
class Producer {
 public:
  /// With a `transactional_id` records go into transactions: begin before the first send, then commit or abort.
  static Result<std::unique_ptr<Producer>> open(const std::string& brokers, const Settings& client,
                                                const std::string& transactional_id = {});
  ~Producer();

  /// Queues a record; while the queue is full it waits.
  Status send(const OutgoingRecord& record, const Wait& wait);
  /// Until everything sent was acknowledged. Fails with the first record's error that was refused or given up.
  Status flush(const Wait& wait);

  Status begin();
  Status commit(const Wait& wait);
  Status abort(const Wait& wait);

 private:
  struct State;
  explicit Producer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace laketide::kafka
