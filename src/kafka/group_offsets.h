// Next offsets of consumer groups, for lag tools.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/wait.h"
#include "kafka/client_settings.h"
#include "kafka/commit_rest.h"
#include "kafka/topic_partition.h"
#include "laketide/status.h"

namespace laketide::kafka {

/// Writes next offsets of groups without being their member, by a client of its own that is made at the first write.
///
/// librdkafka ends the process, by an assertion, where a request to a group's coordinator times out and the coordinator comes back after that
/// (its pull request 5397, in no release yet). So such a request has an hour, the most there is, and who gives it up before takes its client
/// down with it. Thread-safe.
class GroupOffsets {
 public:
  GroupOffsets(std::string brokers, Settings settings);
  /// Fails `broker_away` without asking while CommitRest is not over.
  Status write(const std::string& group, const std::map<TopicPartition, int64_t>& next, const Wait& wait);
  /// The same brokers have answered something.
  void answered(SteadyTime now) { rest_.answered(now); }

 private:
  using Client = std::shared_ptr<rd_kafka_t>;
  Result<Client> client();
  void drop(const Client& client);
  Status ask(rd_kafka_t* client, const std::string& group, const std::map<TopicPartition, int64_t>& next, const Wait& wait, bool& answered) const;

  const std::string brokers_;
  const Settings settings_;
  CommitRest rest_;
  Mutex mutex_;
  Client client_ LT_GUARDED_BY(mutex_);
};

}  // namespace laketide::kafka
