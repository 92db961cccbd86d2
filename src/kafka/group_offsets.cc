#include "kafka/group_offsets.h"

#include <array>
#include <chrono>
#include <utility>

#include "kafka/client_closer.h"
#include "kafka/error.h"
#include "kafka/handles.h"

namespace laketide::kafka {
namespace {

constexpr auto kDoing = "writing the group's offsets";
constexpr std::chrono::milliseconds kAnswerSlice{1000};  // how soon a stop token is seen
constexpr int kLongestMs = 3'600'000;              // the most that the library takes

Status away(const Wait& wait, const std::string& why) {
  return wait.stop.stop_requested() ? Status::cancelled(kDoing) : Status::external("broker_away", why);
}

}  // namespace

GroupOffsets::GroupOffsets(std::string brokers, Settings settings)
    : brokers_(std::move(brokers)), settings_(std::move(settings)), rest_(std::chrono::steady_clock::now()) {}

Status GroupOffsets::write(const std::string& group, const std::map<TopicPartition, int64_t>& next, const Wait& wait) {
  if (!rest_.is_over(std::chrono::steady_clock::now())) return away(wait, "the group's offsets are written again once the brokers answer: " + brokers_);
  LT_ASSIGN_OR_RETURN(const Client client, this->client());
  bool answered = false;
  const Status written = ask(client.get(), group, next, wait, answered);
  if (!answered) drop(client);
  if (!written.ok()) rest_.failed(std::chrono::steady_clock::now());
  return written;
}

// A producer's, as a consumer looks for the coordinator of its own group.
Result<GroupOffsets::Client> GroupOffsets::client() {
  const MutexLock lock(mutex_);
  if (client_) return client_;
  LT_ASSIGN_OR_RETURN(ClientHandle made, make_client(RD_KAFKA_PRODUCER, make_conf(brokers_, {{"log.connection.close", "false"}}, settings_)));
  client_ = Client(made.release(), [](rd_kafka_t* old) { ClientCloser::instance().close([old] { ClientFreed()(old); }); });
  return client_;
}

void GroupOffsets::drop(const Client& client) {
  const MutexLock lock(mutex_);
  if (client_ == client) client_.reset();
}

// The consumer's own commit waits for its coordinator without end, and so does destroying a client with such a commit under way.
Status GroupOffsets::ask(rd_kafka_t* client, const std::string& group, const std::map<TopicPartition, int64_t>& next, const Wait& wait, bool& answered) const {
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(next.size())));
  for (const auto& [partition, offset] : next) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)->offset = offset;
  }
  const std::unique_ptr<rd_kafka_AdminOptions_t, Freed<rd_kafka_AdminOptions_destroy>> options(
      rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS));
  std::array<char, 256> reason{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kLongestMs, reason.data(), reason.size());
  std::unique_ptr<rd_kafka_AlterConsumerGroupOffsets_t, Freed<rd_kafka_AlterConsumerGroupOffsets_destroy>> wanted(
      rd_kafka_AlterConsumerGroupOffsets_new(group.c_str(), list.get()));
  const QueueHandle answers(rd_kafka_queue_new(client));
  rd_kafka_AlterConsumerGroupOffsets_t* request = wanted.get();
  rd_kafka_AlterConsumerGroupOffsets(client, &request, 1, options.get(), answers.get());
  while (!wait.over()) {
    const EventHandle answer(rd_kafka_queue_poll(answers.get(), static_cast<int>(wait.left(kAnswerSlice).count())));
    if (!answer) continue;
    answered = true;
    if (const auto error = rd_kafka_event_error(answer.get())) return to_status(error, kDoing);
    size_t count = 0;
    const auto* groups =
        rd_kafka_AlterConsumerGroupOffsets_result_groups(rd_kafka_event_AlterConsumerGroupOffsets_result(answer.get()), &count);
    const rd_kafka_error_t* error = count == 1 ? rd_kafka_group_result_error(groups[0]) : nullptr;
    return error == nullptr ? Status() : to_status(rd_kafka_error_code(error), kDoing);
  }
  return away(wait, std::string(kDoing) + ": no answer from " + brokers_);
}

}  // namespace laketide::kafka
