// Questions to a Kafka cluster: its topics, what it holds of them, where a time is; and the group's offsets.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/wait.h"
#include "kafka/client_settings.h"
#include "kafka/topic_partition.h"
#include "laketide/status.h"

namespace laketide::kafka {

/// First offset that the broker has, and the last stable one (the first that a reader of committed records may not see yet).
/// Immutable.
struct LogBounds {
  int64_t low = 0;
  int64_t high = 0;
};

/// One client for control calls; its own threads cost as much as a reader's that has nothing to do, so all who ask the same brokers share
/// one. Every call may block until its Wait is over; then it fails `kExternal` broker_away, or cancelled
/// if its stop token fired. Errors of the broker come as error.h sorts them. Thread-safe.
class Cluster {
 public:
  /// The process's one for these brokers and settings, for as long as somebody holds it.
  static Result<std::shared_ptr<Cluster>> open(const std::string& brokers, const Settings& client);
  ~Cluster();

  /// All partitions of `topics`; fails unknown_topic for one that the broker does not have.
  Result<std::vector<TopicPartition>> partitions(const std::vector<std::string>& topics, const Wait& wait);
  /// Names of the topics that match a POSIX extended regular expression; the broker's own (`__…`) never do.
  Result<std::vector<std::string>> topics_matching(const std::string& pattern, const Wait& wait);
  Result<std::map<TopicPartition, LogBounds>> bounds(const std::vector<TopicPartition>& partitions, const Wait& wait);
  /// The first offset whose record is at or after `time`; -1 where there is none.
  Result<std::map<TopicPartition, int64_t>> offsets_at(Instant time, const std::vector<TopicPartition>& partitions,
                                                       const Wait& wait);
  /// Writes next offsets for `group`, without being its member. Fails if a consumer is a member of it; `broker_away` without asking where
  /// the brokers have not answered for ten seconds, or did not answer the last one, of whichever group.
  Status commit(const std::string& group, const std::map<TopicPartition, int64_t>& next, const Wait& wait);

 private:
  static Result<std::shared_ptr<Cluster>> make(const std::string& brokers, const Settings& client);
  struct State;
  explicit Cluster(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Success if `pattern` can be used for topics_matching.
Status check_pattern(const std::string& pattern);

/// Creates `topic` with `partitions` (replication as the broker's default) unless it exists. For `laketide produce` and tests.
Status ensure_topic(const std::string& brokers, const Settings& client, const std::string& topic, int partitions,
                    const Wait& wait);

}  // namespace laketide::kafka
