#include "kafka/producer.h"

#include <array>

#include "kafka/error.h"
#include "kafka/handles.h"

namespace laketide::kafka {
namespace {

constexpr std::chrono::milliseconds kPollSlice{200};

/// The status of a transaction's call, which owns its error.
Status take(rd_kafka_error_t* error, const std::string& doing) {
  if (error == nullptr) return {};
  const std::unique_ptr<rd_kafka_error_t, Freed<rd_kafka_error_destroy>> owned(error);
  if (rd_kafka_error_txn_requires_abort(error)) {
    return Status::external("transaction_lost", doing + ": " + rd_kafka_error_string(error) + "; abort and begin again");
  }
  return to_status(rd_kafka_error_code(error), doing);
}

int timeout_of(const Wait& wait) { return static_cast<int>(wait.left(std::chrono::minutes(1)).count()); }

}  // namespace

/// `failed` is written by delivery reports, which run within the caller's send and flush. Caller synchronises.
struct Producer::State {
  ClientHandle client;
  Status failed;
};

Result<std::unique_ptr<Producer>> Producer::open(const std::string& brokers, const Settings& client,
                                                 const std::string& transactional_id) {
  auto made_conf = make_conf(brokers, {{"enable.idempotence", "true"}, {"linger.ms", "5"}}, client);
  LT_ASSIGN_OR_RETURN(ConfHandle conf, std::move(made_conf));
  std::array<char, 512> reason{};
  if (!transactional_id.empty()) {
    rd_kafka_conf_set(conf.get(), "transactional.id", transactional_id.c_str(), reason.data(), reason.size());
  }
  auto state = std::make_unique<State>();
  rd_kafka_conf_set_opaque(conf.get(), state.get());
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int, const char*, void*) {});
  rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
    Status& failed = static_cast<State*>(self)->failed;
    if (failed.ok()) failed = to_status(message->err, "writing a record");
  });
  state->client.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), reason.data(), reason.size()));
  if (!state->client) return Status::user("bad_setting", std::string("no Kafka client can be made: ") + reason.data());
  (void)conf.release();  // the client has it now
  if (!transactional_id.empty()) {
    LT_RETURN_IF_ERROR(take(rd_kafka_init_transactions(state->client.get(), 60'000), "preparing transactions"));
  }
  return std::unique_ptr<Producer>(new Producer(std::move(state)));
}

Producer::Producer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Producer::~Producer() { rd_kafka_purge(state_->client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT); }

Status Producer::send(const OutgoingRecord& record, const Wait& wait) {
  const std::string topic(record.topic);
  const auto data = [](const std::optional<std::string_view>& bytes) {
    // Empty is not null: librdkafka tells them apart by the pointer.
    return bytes ? const_cast<char*>(bytes->data() ? bytes->data() : "") : nullptr;
  };
  const auto size = [](const std::optional<std::string_view>& bytes) { return bytes ? bytes->size() : 0; };
  while (true) {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
    for (const auto& [name, value] : record.headers) {
      rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(), static_cast<ssize_t>(value.size()));
    }
    const auto error = rd_kafka_producev(
        state_->client.get(), RD_KAFKA_V_TOPIC(topic.c_str()),
        RD_KAFKA_V_PARTITION(record.partition.value_or(RD_KAFKA_PARTITION_UA)), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(data(record.key), size(record.key)), RD_KAFKA_V_VALUE(data(record.value), size(record.value)),
        RD_KAFKA_V_TIMESTAMP(record.timestamp_ms), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      rd_kafka_poll(state_->client.get(), 0);
      return to_status(error, "writing to topic " + topic);
    }
    if (wait.over()) return Status::external("broker_away", "the queue of records to write to topic " + topic + " stays full");
    rd_kafka_poll(state_->client.get(), static_cast<int>(wait.left(kPollSlice).count()));
  }
}

Status Producer::flush(const Wait& wait) {
  while (rd_kafka_outq_len(state_->client.get()) > 0 && !wait.over()) {
    rd_kafka_flush(state_->client.get(), static_cast<int>(wait.left(kPollSlice).count()));
  }
  if (const int left = rd_kafka_outq_len(state_->client.get()); left > 0) {
    return Status::external("broker_away", "not all records were acknowledged in time; open: " + std::to_string(left));
  }
  return std::exchange(state_->failed, Status());
}

Status Producer::begin() { return take(rd_kafka_begin_transaction(state_->client.get()), "beginning a transaction"); }

Status Producer::commit(const Wait& wait) {
  return take(rd_kafka_commit_transaction(state_->client.get(), timeout_of(wait)), "committing a transaction");
}

Status Producer::abort(const Wait& wait) {
  return take(rd_kafka_abort_transaction(state_->client.get(), timeout_of(wait)), "aborting a transaction");
}

}  // namespace laketide::kafka
