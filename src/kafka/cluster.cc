#include "kafka/cluster.h"

#include <regex.h>

#include <array>
#include <chrono>

#include "base/log.h"
#include "base/mutex.h"
#include "kafka/error.h"
#include "kafka/group_offsets.h"
#include "kafka/handles.h"

namespace laketide::kafka {
namespace {

// How long one call into the library may last; in between, the stop token is looked at.
constexpr std::chrono::milliseconds kSlice{1000};

PartitionList list_of(const std::vector<TopicPartition>& partitions, int64_t offset) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const TopicPartition& one : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), one.topic.c_str(), one.partition)->offset = offset;
  }
  return list;
}

Status given_up(const Wait& wait, const std::string& brokers, const std::string& doing, const Status& last) {
  if (wait.stop.stop_requested()) return Status::cancelled(doing);
  return Status::external("broker_away", doing + ": no answer from " + brokers +
                                             (last.ok() ? std::string() : " (" + std::string(last.detail()) + ")"));
}

/// A compiled regular expression. Immutable.
class Pattern {
 public:
  explicit Pattern(const std::string& text) : error_(regcomp(&regex_, text.c_str(), REG_EXTENDED | REG_NOSUB)) {}
  ~Pattern() {
    if (error_ == 0) regfree(&regex_);
  }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  Status status() const {
    if (error_ == 0) return {};
    std::array<char, 128> reason{};
    regerror(error_, &regex_, reason.data(), reason.size());
    return Status::user("bad_pattern", std::string("the pattern of topics is no regular expression: ") + reason.data(), "pattern");
  }
  bool matches(const char* text) const { return regexec(&regex_, text, 0, nullptr, 0) == 0; }

 private:
  regex_t regex_{};
  int error_;
};

}  // namespace

/// The client with its name for messages. Thread-safe.
struct Cluster::State {
  State(std::string where, const Settings& settings, ClientHandle handle) : brokers(std::move(where)), client(std::move(handle)), groups(brokers, settings) {}

  const std::string brokers;
  const ClientHandle client;
  GroupOffsets groups;

  /// Calls `attempt(timeout_ms)` until it answers, fails for good, or the Wait is over.
  template <typename Attempt>
  Status persist(const std::string& doing, const Wait& wait, Attempt attempt) const {
    Status last;
    while (!wait.over()) {
      const auto error = attempt(static_cast<int>(wait.left(kSlice).count()));
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
      last = to_status(error, doing);
      if (!last.retryable()) return last;
      rd_kafka_poll(client.get(), static_cast<int>(wait.left(std::chrono::milliseconds(50)).count()));
    }
    return given_up(wait, brokers, doing, last);
  }

  Result<std::map<TopicPartition, int64_t>> list_offsets(const std::vector<TopicPartition>& partitions, int64_t timestamp,
                                                         const std::string& doing, const Wait& wait);
};

Result<std::map<TopicPartition, int64_t>> Cluster::State::list_offsets(const std::vector<TopicPartition>& partitions,
                                                                       int64_t timestamp, const std::string& doing,
                                                                       const Wait& wait) {
  std::map<TopicPartition, int64_t> found;
  if (partitions.empty()) return found;
  LT_RETURN_IF_ERROR(persist(doing, wait, [&](int timeout_ms) {
    // ListOffsets takes -1 and -2 for the ends of the log, and one request a broker for all its partitions; it sends the isolation level, so
    // that -1 is the last stable offset.
    PartitionList list = list_of(partitions, timestamp);
    auto error = rd_kafka_offsets_for_times(client.get(), list.get(), timeout_ms);
    for (int i = 0; i < list->cnt && error == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      const rd_kafka_topic_partition_t& one = list->elems[i];
      error = one.err;
      found[{one.topic, one.partition}] = one.offset;
    }
    return error;
  }));
  groups.answered(std::chrono::steady_clock::now());
  return found;
}

Result<std::shared_ptr<Cluster>> Cluster::open(const std::string& brokers, const Settings& client) {
  static Mutex mutex;
  static auto& all = *new std::map<std::pair<std::string, Settings>, std::weak_ptr<Cluster>>;  // runs may end after this file's objects
  const MutexLock lock(mutex);
  std::erase_if(all, [](const auto& one) { return one.second.expired(); });
  if (const auto known = all.find({brokers, client}); known != all.end()) {
    if (auto shared = known->second.lock()) return shared;
  }
  LT_ASSIGN_OR_RETURN(auto made, make(brokers, client));
  all[{brokers, client}] = made;
  return made;
}

// Without a group: the library would look for its coordinator, by one more thread.
Result<std::shared_ptr<Cluster>> Cluster::make(const std::string& brokers, const Settings& client) {
  LT_ASSIGN_OR_RETURN(ClientHandle handle, make_client(RD_KAFKA_CONSUMER, make_conf(brokers,
                                                                                    {{"enable.auto.commit", "false"},
                                                                                     {"isolation.level", "read_committed"},
                                                                                     {"allow.auto.create.topics", "false"},
                                                                                     {"socket.keepalive.enable", "true"},
                                                                                     {"log.connection.close", "false"}},
                                                                                    client)));
  return std::shared_ptr<Cluster>(new Cluster(std::make_unique<State>(brokers, client, std::move(handle))));
}

Cluster::Cluster(std::unique_ptr<State> state) : state_(std::move(state)) {}
Cluster::~Cluster() = default;

Result<std::vector<TopicPartition>> Cluster::partitions(const std::vector<std::string>& topics, const Wait& wait) {
  std::vector<TopicPartition> all;
  for (const std::string& name : topics) {
    TopicHandle topic(rd_kafka_topic_new(state_->client.get(), name.c_str(), nullptr));
    if (!topic) return Status::user("unknown_topic", "no topic can have the name " + name);
    LT_RETURN_IF_ERROR(state_->persist("looking up topic " + name, wait, [&](int timeout_ms) {
      const rd_kafka_metadata_t* raw = nullptr;
      const auto error = rd_kafka_metadata(state_->client.get(), 0, topic.get(), &raw, timeout_ms);
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
      const MetadataHandle metadata(raw);
      if (metadata->topic_cnt != 1) return RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
      const rd_kafka_metadata_topic_t& found = metadata->topics[0];
      for (int i = 0; found.err == RD_KAFKA_RESP_ERR_NO_ERROR && i < found.partition_cnt; ++i) {
        all.push_back({name, found.partitions[i].id});
      }
      return found.err;
    }));
  }
  return all;
}

Result<std::vector<std::string>> Cluster::topics_matching(const std::string& pattern, const Wait& wait) {
  const Pattern compiled(pattern);
  LT_RETURN_IF_ERROR(compiled.status());
  std::vector<std::string> names;
  LT_RETURN_IF_ERROR(state_->persist("listing topics", wait, [&](int timeout_ms) {
    const rd_kafka_metadata_t* raw = nullptr;
    const auto error = rd_kafka_metadata(state_->client.get(), 1, nullptr, &raw, timeout_ms);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
    const MetadataHandle metadata(raw);
    for (int i = 0; i < metadata->topic_cnt; ++i) {
      const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
      const bool internal = std::string_view(topic.topic).starts_with("__");
      if (!internal && compiled.matches(topic.topic)) names.emplace_back(topic.topic);
    }
    return error;
  }));
  return names;
}

Result<std::map<TopicPartition, LogBounds>> Cluster::bounds(const std::vector<TopicPartition>& partitions,
                                                            const Wait& wait) {
  const std::string doing = "asking for the bounds of partitions";
  LT_ASSIGN_OR_RETURN(const auto low, state_->list_offsets(partitions, RD_KAFKA_OFFSET_BEGINNING, doing, wait));
  LT_ASSIGN_OR_RETURN(const auto high, state_->list_offsets(partitions, RD_KAFKA_OFFSET_END, doing, wait));
  std::map<TopicPartition, LogBounds> all;
  for (const auto& [partition, offset] : low) all[partition] = LogBounds{offset, high.at(partition)};
  return all;
}

Result<std::map<TopicPartition, int64_t>> Cluster::offsets_at(Instant time, const std::vector<TopicPartition>& partitions,
                                                              const Wait& wait) {
  // The broker counts milliseconds: the first one that is not before `time`. Negative numbers mean something else to it.
  const int64_t millis = std::max<int64_t>(0, (time.micros + 999) / 1000);
  return state_->list_offsets(partitions, millis, "asking for the offsets at a time", wait);
}

Status Cluster::commit(const std::string& group, const std::map<TopicPartition, int64_t>& next, const Wait& wait) {
  return state_->groups.write(group, next, wait);
}

Status check_pattern(const std::string& pattern) { return Pattern(pattern).status(); }

Status ensure_topic(const std::string& brokers, const Settings& client, const std::string& topic, int partitions,
                    const Wait& wait) {
  LT_ASSIGN_OR_RETURN(const ClientHandle handle, make_client(RD_KAFKA_PRODUCER, make_conf(brokers, {}, client)));
  const std::unique_ptr<rd_kafka_AdminOptions_t, Freed<rd_kafka_AdminOptions_destroy>> options(
      rd_kafka_AdminOptions_new(handle.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS));
  const auto limit = static_cast<int>(wait.left(std::chrono::minutes(1)).count());
  std::array<char, 256> reason{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), std::max(1, limit), reason.data(), reason.size());
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), std::max(1, limit), reason.data(), reason.size());
  std::unique_ptr<rd_kafka_NewTopic_t, Freed<rd_kafka_NewTopic_destroy>> wanted(
      rd_kafka_NewTopic_new(topic.c_str(), partitions, -1, reason.data(), reason.size()));
  if (!wanted) return Status::user("bad_topic", "no topic can be made: " + std::string(reason.data()));
  const QueueHandle answers(rd_kafka_queue_new(handle.get()));
  rd_kafka_NewTopic_t* list = wanted.get();
  rd_kafka_CreateTopics(handle.get(), &list, 1, options.get(), answers.get());
  while (!wait.over()) {
    const EventHandle answer(rd_kafka_queue_poll(answers.get(), static_cast<int>(wait.left(kSlice).count())));
    if (!answer) continue;
    if (const auto error = rd_kafka_event_error(answer.get())) return to_status(error, "creating topic " + topic);
    size_t count = 0;
    const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer.get()), &count);
    const auto error = count == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__FAIL;
    return error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS ? Status() : to_status(error, "creating topic " + topic);
  }
  return given_up(wait, brokers, "creating topic " + topic, {});
}

}  // namespace laketide::kafka
