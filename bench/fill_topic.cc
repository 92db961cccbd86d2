// fill_topic: writes the benchmark's records into a topic. The same seed and count give the same bytes in the same partitions.
//
// Record n goes to partition n mod P and reads, in 116 to 136 bytes,
//   {"id":123456,"event_type":"view","ts":"2026-01-01T00:02:03.456Z","value":57.31,"source":"sensor-042.hall-3","user_id":482113}
// It prints one line of JSON: how much was written, how fast, and the sums that a right copy of the records must show.
#include <librdkafka/rdkafka.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "record_text.h"

namespace {

using bench::Line;
using bench::put_record;
using bench::Sums;

struct Settings {
  std::string brokers, topic;
  int64_t records = 4'000'000;
  int32_t partitions = 4;
  uint64_t seed = 1;
};

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "fill_topic: %s\n", what.c_str());
  std::exit(1);
}

rd_kafka_t* open_producer(const Settings& settings) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> reason{};
  const auto set = [&](const char* name, const char* value) {
    if (rd_kafka_conf_set(conf, name, value, reason.data(), reason.size()) != RD_KAFKA_CONF_OK) fail(reason.data());
  };
  set("bootstrap.servers", settings.brokers.c_str());
  set("enable.idempotence", "true");  // in order, none twice
  set("compression.codec", "lz4");
  set("linger.ms", "50");
  set("batch.num.messages", "10000");
  set("queue.buffering.max.messages", "200000");
  rd_kafka_t* producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason.data(), reason.size());
  if (producer == nullptr) fail(reason.data());
  return producer;
}

/// Nobody listens to delivery reports; the broker's own count says whether all arrived.
void check_arrived(rd_kafka_t* producer, const Settings& settings) {
  int64_t arrived = 0;
  for (int32_t partition = 0; partition < settings.partitions; ++partition) {
    int64_t low = 0, high = 0;
    const auto error = rd_kafka_query_watermark_offsets(producer, settings.topic.c_str(), partition, &low, &high, 10'000);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(error));
    arrived += high - low;
  }
  if (arrived != settings.records) {
    fail(std::to_string(arrived) + " of " + std::to_string(settings.records) + " records stand in the topic; it must be new");
  }
}

Settings parse_settings(int argc, char** argv) {
  Settings settings;
  CLI::App app("Fills a topic with the benchmark's records.");
  app.add_option("--brokers", settings.brokers)->required();
  app.add_option("--topic", settings.topic, "it must exist and be empty")->required();
  app.add_option("--records", settings.records)->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--partitions", settings.partitions)->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--seed", settings.seed)->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  const Settings settings = parse_settings(argc, argv);
  rd_kafka_t* producer = open_producer(settings);
  rd_kafka_topic_t* topic = rd_kafka_topic_new(producer, settings.topic.c_str(), nullptr);
  if (topic == nullptr) fail(rd_kafka_err2str(rd_kafka_last_error()));

  const auto began = std::chrono::steady_clock::now();
  Line line;
  Sums sums;
  int64_t bytes = 0;
  for (int64_t id = 0; id < settings.records; ++id) {
    put_record(line, id, settings.seed, sums);
    const std::string_view text = line.view();
    bytes += static_cast<int64_t>(text.size());
    if (rd_kafka_produce(topic, static_cast<int32_t>(id % settings.partitions), RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK,
                         const_cast<char*>(text.data()), text.size(), nullptr, 0, nullptr) != 0) {
      fail(rd_kafka_err2str(rd_kafka_last_error()));
    }
  }
  if (const auto error = rd_kafka_flush(producer, 60'000); error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(error));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  check_arrived(producer, settings);

  std::printf("{\"records\":%lld,\"bytes\":%lld,\"seconds\":%.3f,\"records_per_s\":%.0f,\"sums\":{\"id\":%lld,\"ts_millis\":%lld,"
              "\"value_cents\":%lld,\"user_id\":%lld,\"text_bytes\":%lld}}\n",
              static_cast<long long>(settings.records), static_cast<long long>(bytes), seconds,
              static_cast<double>(settings.records) / seconds, static_cast<long long>(sums.id), static_cast<long long>(sums.ts_millis),
              static_cast<long long>(sums.value_cents), static_cast<long long>(sums.user_id), static_cast<long long>(sums.text_bytes));
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(producer);
  return 0;
}
