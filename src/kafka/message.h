// What a consumer hands out: messages, ends of partitions, and errors of partitions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

namespace laketide::kafka {

/// One event of one partition; it owns nothing and is valid as long as the Fetched it came from. Immutable.
class MessageView {
 public:
  explicit MessageView(rd_kafka_message_t* message) : message_(message) {}

  bool is_record() const { return message_->err == RD_KAFKA_RESP_ERR_NO_ERROR; }
  /// All that can be read at this time was read: `offset()` is the next one, beyond every marker and hole before it.
  bool is_end() const { return message_->err == RD_KAFKA_RESP_ERR__PARTITION_EOF; }
  /// The broker does not hold the position that was asked for, which is `offset()`; the partition has stopped.
  bool is_position_gone() const {
    return message_->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || message_->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
  }
  rd_kafka_resp_err_t error() const { return message_->err; }

  int64_t offset() const { return message_->offset; }
  int32_t partition() const { return message_->partition; }
  /// Identifies the topic by its address, the same for all messages of one consumer. Null for errors of no topic.
  const void* topic_id() const { return message_->rkt; }
  std::string_view topic() const { return message_->rkt ? rd_kafka_topic_name(message_->rkt) : ""; }

  // Null and not just empty where the record has none.
  const char* key() const { return static_cast<const char*>(message_->key); }
  size_t key_size() const { return message_->key_len; }
  const char* value() const { return static_cast<const char*>(message_->payload); }
  size_t value_size() const { return message_->len; }

  /// Milliseconds since 1970 UTC, -1 if there is none; the type is Kafka's: 0 create time, 1 log append time, -1 none.
  std::pair<int64_t, int8_t> timestamp() const {
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    const int64_t at = rd_kafka_message_timestamp(message_, &type);
    return {at, static_cast<int8_t>(type == RD_KAFKA_TIMESTAMP_CREATE_TIME       ? 0
                                    : type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? 1
                                                                                 : -1)};
  }

  /// Names and values (none: null) in the record's order. Parsed at each call.
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> headers() const;

  const void* handle() const { return message_; }
  static MessageView of_handle(const void* handle) {
    return MessageView(static_cast<rd_kafka_message_t*>(const_cast<void*>(handle)));
  }

 private:
  rd_kafka_message_t* message_;
};

/// Messages taken from a consumer; it owns them. Each keeps its whole fetch buffer alive, outside all of librdkafka's limits:
/// hold few, and not for long. Confined to its task.
class Fetched {
 public:
  Fetched() = default;
  ~Fetched() { clear(); }
  Fetched(const Fetched&) = delete;
  Fetched& operator=(const Fetched&) = delete;

  size_t size() const { return messages_.size(); }
  MessageView operator[](size_t i) const { return MessageView(messages_[i]); }
  void clear() {
    for (rd_kafka_message_t* message : messages_) rd_kafka_message_destroy(message);
    messages_.clear();
  }

 private:
  friend class Consumer;
  std::vector<rd_kafka_message_t*> messages_;
};

}  // namespace laketide::kafka
