#include "sources/kafka/kafka_source.h"

#include <mutex>
#include <utility>

#include "base/log.h"
#include "kafka/cluster.h"
#include "kafka/consumer.h"
#include "kafka/error.h"
#include "sources/kafka/kafka_reader.h"

namespace laketide {
namespace {

using kafka::TopicPartition;

// The next record waits for the answer to the request that went out behind the one before.
constexpr std::chrono::milliseconds kRereadWait{20};

/// Serves the run's questions by a client that others share, and rereads records by one of its own, made at the first. Thread-safe.
class KafkaSource final : public Source {
 public:
  explicit KafkaSource(KafkaSourceOptions options) : options_(std::move(options)) {}

  Result<PartitionBounds> bounds(const Wait& wait) override {
    LT_ASSIGN_OR_RETURN(const auto found, find_partitions(wait));
    LT_ASSIGN_OR_RETURN(kafka::Cluster * cluster, this->cluster());
    LT_ASSIGN_OR_RETURN(const auto bounds, cluster->bounds(found, wait));
    PartitionBounds all;
    for (const auto& [partition, log] : bounds) all[place_of(partition)] = Bounds{NextOffset(log.low), NextOffset(log.high)};
    return all;
  }

  Result<Positions> at_time(Instant time, const Wait& wait) override {
    LT_ASSIGN_OR_RETURN(const auto found, find_partitions(wait));
    LT_ASSIGN_OR_RETURN(kafka::Cluster * cluster, this->cluster());
    LT_ASSIGN_OR_RETURN(const auto bounds, cluster->bounds(found, wait));
    LT_ASSIGN_OR_RETURN(const auto offsets, cluster->offsets_at(time, found, wait));
    Positions all;
    for (const auto& [partition, offset] : offsets) {
      // Beyond the last stable offset there may be a record in an open transaction, which nobody can read yet.
      const int64_t high = bounds.at(partition).high;
      all[place_of(partition)] = NextOffset(offset < 0 || offset > high ? high : offset);
    }
    return all;
  }

  Result<std::unique_ptr<Reader>> open(Context& context) override {
    KafkaReaderOptions reader;
    reader.source = options_.name;
    reader.consumer = consumer_options();
    reader.max_rate_per_partition = options_.max_rate_per_partition;
    reader.fail_on_data_loss = options_.fail_on_data_loss;
    reader.alarm = options_.alarm;
    return make_kafka_reader(std::move(reader), context);
  }

  Status mirror(const Positions& committed, const Wait& wait) override {
    std::map<TopicPartition, int64_t> next;
    for (const auto& [place, offset] : committed) next[{place.topic, place.partition}] = offset.value;
    Status done = [&]() -> Status {
      LT_ASSIGN_OR_RETURN(kafka::Cluster * cluster, this->cluster());
      return cluster->commit(options_.group_id, next, wait);
    }();
    if (!done.ok()) {
      log::warn("the group's offsets could not be written; only lag tools look at them",
                {{"group", options_.group_id}, {"error", done.detail()}});
    }
    return done;
  }

  Result<std::optional<Reject>> fetch(const SourcePartition& place, RecordOffset offset, const Wait& wait) override;

 private:
  Result<kafka::Cluster*> cluster() {
    std::lock_guard lock(mutex_);
    if (!cluster_) {
      LT_ASSIGN_OR_RETURN(cluster_, kafka::Cluster::open(options_.brokers, options_.client));
    }
    return cluster_.get();
  }

  Result<std::vector<TopicPartition>> find_partitions(const Wait& wait) {
    LT_ASSIGN_OR_RETURN(kafka::Cluster * cluster, this->cluster());
    if (options_.pattern.empty()) return cluster->partitions(options_.topics, wait);
    LT_ASSIGN_OR_RETURN(const auto topics, cluster->topics_matching(options_.pattern, wait));
    if (topics.empty()) {
      return Status::user("unknown_topic", "no topic matches the pattern yet: " + options_.pattern, "pattern");
    }
    return cluster->partitions(topics, wait);
  }

  kafka::ConsumerOptions consumer_options() const {
    kafka::ConsumerOptions options;
    options.brokers = options_.brokers;
    options.group_id = options_.group_id;
    options.client = options_.client;
    options.prefetch_bytes_max = options_.prefetch_bytes_max;
    options.prompt = options_.prompt;
    return options;
  }

  SourcePartition place_of(const TopicPartition& partition) const {
    return {options_.name, partition.topic, partition.partition};
  }
  Result<std::optional<Reject>> wait_for_record(const SourcePartition& place, RecordOffset offset, const Wait& wait);
  Reject copy(const SourcePartition& place, const kafka::MessageView& message) const;

  const KafkaSourceOptions options_;
  std::mutex mutex_;
  std::shared_ptr<kafka::Cluster> cluster_;
  std::mutex fetching_;
  std::unique_ptr<kafka::Consumer> fetcher_;
};

Reject KafkaSource::copy(const SourcePartition& place, const kafka::MessageView& message) const {
  Reject copied;
  copied.source = options_.name;
  copied.topic = place.topic;
  copied.partition = place.partition;
  copied.offset = RecordOffset(message.offset());
  copied.timestamp_ms = message.timestamp().first;
  if (message.key()) copied.key.emplace(message.key(), message.key_size());
  if (message.value()) copied.value.emplace(message.value(), message.value_size());
  for (const auto& [name, value] : message.headers()) {
    copied.headers.emplace_back(name, value ? std::optional<std::string>(*value) : std::nullopt);
  }
  return copied;
}

Result<std::optional<Reject>> KafkaSource::fetch(const SourcePartition& place, RecordOffset offset, const Wait& wait) {
  std::lock_guard lock(fetching_);
  if (!fetcher_) {
    kafka::ConsumerOptions options = consumer_options();
    options.fetch_wait = kRereadWait;
    LT_ASSIGN_OR_RETURN(fetcher_, kafka::Consumer::open(options, [] {}));
  }
  LT_RETURN_IF_ERROR(fetcher_->assign({{place.topic, place.partition, offset.value}}));
  Result<std::optional<Reject>> found = wait_for_record(place, offset, wait);
  LT_RETURN_IF_ERROR(fetcher_->assign({}));
  return found;
}

Result<std::optional<Reject>> KafkaSource::wait_for_record(const SourcePartition& place, RecordOffset offset, const Wait& wait) {
  const std::optional<Reject> gone;
  kafka::Fetched fetched;
  while (!wait.over()) {
    fetcher_->wait(wait.left(std::chrono::milliseconds(200)), 1, fetched);
    LT_RETURN_IF_ERROR(fetcher_->failure());
    if (fetched.size() == 0) continue;
    const kafka::MessageView message = fetched[0];
    if (message.is_record()) return message.offset() == offset.value ? std::optional(copy(place, message)) : gone;
    if (message.is_end() || message.is_position_gone()) return gone;
    const Status error = kafka::to_status(message.error(), "reading a record again");
    if (error.code() == "unknown_topic") return gone;
    if (!error.retryable()) return error;
  }
  if (wait.stop.stop_requested()) return Status::cancelled("reading a record again");
  return Status::external("broker_away", "a record could not be read again in time from " + options_.brokers);
}

}  // namespace

Result<std::unique_ptr<Source>> make_kafka_source(KafkaSourceOptions options) {
  if (options.topics.empty() == options.pattern.empty()) {
    return Status::user("bad_value", "a Kafka source names its topics or gives a pattern, one of the two", "kafka");
  }
  if (!options.pattern.empty()) LT_RETURN_IF_ERROR(kafka::check_pattern(options.pattern));
  if (options.max_rate_per_partition && *options.max_rate_per_partition < 1) {
    return Status::user("bad_value", "max_rate_per_partition is records per second, at least 1", "max_rate_per_partition");
  }
  if (options.max_rate_per_partition && !options.alarm) {
    return Status::internal("no_alarm", "a rate limit needs an alarm to go on by");
  }
  if (options.group_id.empty()) options.group_id = "laketide-" + options.name;
  LT_RETURN_IF_ERROR(kafka::check_settings(options.client));
  return std::unique_ptr<Source>(std::make_unique<KafkaSource>(std::move(options)));
}

}  // namespace laketide
