// Reads a topic from its beginning to its end.
#pragma once

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "gate.h"
#include "settings.h"

namespace straight {

struct Counts {
  int64_t records = 0, bytes = 0, bad = 0;
  double cpu_s = 0;  // of the lane's own thread
};

/// A client handle and the partitions it reads: every `lanes`th, beginning with `lane`. Confined to its task.
class Drain {
 public:
  Drain(const Settings& settings, int lane) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    configure(conf, settings);
    hold_at(conf, gate_);
    std::array<char, 512> reason{};
    client_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason.data(), reason.size());
    if (client_ == nullptr) fail(reason.data());
    rd_kafka_poll_set_consumer(client_);
    queue_ = rd_kafka_queue_get_consumer(client_);
    gate_.watch(queue_);
    assign(settings, lane);
  }
  ~Drain() {
    gate_.watch(nullptr);
    rd_kafka_queue_destroy(queue_);
    rd_kafka_consumer_close(client_);
    rd_kafka_destroy(client_);
  }
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;

  template <typename Sink>
  Counts run(Sink& sink) {
    Counts counts;
    while (partitions_left_ > 0) take(sink, kFillMs, counts);
    return counts;
  }

  /// Reads `records` as they come, and calls `commit` every `interval` if there were any.
  template <typename Sink, typename Commit>
  Counts follow(Sink& sink, int64_t records, std::chrono::milliseconds interval, const Commit& commit) {
    using std::chrono::steady_clock;
    Counts counts;
    for (auto due = steady_clock::now(); counts.records < records; due = std::max(due + interval, steady_clock::now())) {
      const int64_t before = counts.records;
      do {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - steady_clock::now());
        take(sink, static_cast<int>(std::max<int64_t>(0, left.count())), counts);
      } while (steady_clock::now() < due);
      if (counts.records > before) commit();
    }
    return counts;
  }

 private:
  static constexpr size_t kBatch = 1024;
  static constexpr int kFillMs = 10;  // it waits so long for a batch to be full, also at the end of all

  template <typename Sink>
  void take(Sink& sink, int timeout_ms, Counts& counts) {
    const ssize_t size = rd_kafka_consume_batch_queue(queue_, timeout_ms, batch_.data(), batch_.size());
    for (ssize_t i = 0; i < size; ++i) {
      rd_kafka_message_t* const message = batch_[static_cast<size_t>(i)];
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ++counts.records;
        counts.bytes += static_cast<int64_t>(message->len);
        if (!sink.take(static_cast<const char*>(message->payload), message->len)) ++counts.bad;
      } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        --partitions_left_;
      } else {
        fail(rd_kafka_message_errstr(message));
      }
      rd_kafka_message_destroy(message);
    }
    gate_.drained();
  }

  static void configure(rd_kafka_conf_t* conf, const Settings& settings) {
    std::array<char, 512> reason{};
    const auto set = [&](const std::string& name, const std::string& value) {
      if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size()) != RD_KAFKA_CONF_OK) fail(reason.data());
    };
    set("bootstrap.servers", settings.brokers);
    set("group.id", "straight_line");
    set("auto.offset.reset", "error");
    set("enable.auto.commit", "false");
    set("enable.auto.offset.store", "false");
    set("enable.partition.eof", "true");
    set("isolation.level", "read_committed");
    set("check.crcs", "true");
    set("fetch.message.max.bytes", "131072");  // what is parsed was just fetched, and is in the cache
    set("fetch.wait.max.ms", "100");
    set("queued.min.messages", "10000000");  // else a full queue sleeps up to a second
    set("queued.max.messages.kbytes", "65536");
    for (const std::string& one : settings.client) {
      const size_t equals = one.find('=');
      if (equals == std::string::npos) fail("--client wants name=value, not " + one);
      set(one.substr(0, equals), one.substr(equals + 1));
    }
  }

  static void hold_at(rd_kafka_conf_t* conf, Gate& gate) {
    rd_kafka_conf_interceptor_add_on_new(
        conf, "gate",
        [](rd_kafka_t* client, const rd_kafka_conf_t*, void* at, char*, size_t) {
          return rd_kafka_interceptor_add_on_request_sent(
              client, "gate",
              [](rd_kafka_t*, int, const char*, int32_t, int16_t api_key, int16_t, int32_t, size_t, void* held_at) {
                constexpr int16_t kFetch = 1;
                if (api_key == kFetch) static_cast<Gate*>(held_at)->pass();
                return RD_KAFKA_RESP_ERR_NO_ERROR;
              },
              at);
        },
        &gate);
  }

  void assign(const Settings& settings, int lane) {
    rd_kafka_topic_t* topic = rd_kafka_topic_new(client_, settings.topic.c_str(), nullptr);
    const rd_kafka_metadata_t* metadata = nullptr;
    if (const auto error = rd_kafka_metadata(client_, 0, topic, &metadata, 10'000); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      fail(rd_kafka_err2str(error));
    }
    const int partitions = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
    if (partitions < settings.lanes) fail("the topic has fewer partitions than there are lanes: " + settings.topic);
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
    for (int partition = lane; partition < partitions; partition += settings.lanes) {
      rd_kafka_topic_partition_list_add(list, settings.topic.c_str(), partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    partitions_left_ = list->cnt;
    const auto error = rd_kafka_assign(client_, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(error));
  }

  Gate gate_;
  rd_kafka_t* client_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
  std::vector<rd_kafka_message_t*> batch_ = std::vector<rd_kafka_message_t*>(kBatch);
  int partitions_left_ = 0;
};

}  // namespace straight
