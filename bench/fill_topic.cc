// fill_topic: writes the benchmark's records into a topic. The same seed and count give the same bytes in the same partitions.
//
// Record n goes to partition n mod P and reads, in 116 to 136 bytes,
//   {"id":123456,"event_type":"view","ts":"2026-01-01T00:02:03.456Z","value":57.31,"source":"sensor-042.hall-3","user_id":482113}
// It prints one line of JSON: how much was written, how fast, and the sums that a right copy of the records must show.
#include <librdkafka/rdkafka.h>

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

constexpr int64_t kFirstMillis = 1767225600000;  // 2026-01-01T00:00:00Z
constexpr std::array<std::string_view, 8> kEventTypes = {"view",     "view",   "view",   "click",
                                                         "click",    "search", "purchase", "page_leave"};

struct Settings {
  std::string brokers, topic;
  int64_t records = 4'000'000;
  int32_t partitions = 4;
  uint64_t seed = 1;
};

/// What every right copy of the records adds up to; bench/pairs.py asks the tables for the same sums.
struct Sums {
  int64_t id = 0, ts_millis = 0, value_cents = 0, user_id = 0, text_bytes = 0;  // ts_millis: since the first
};

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "fill_topic: %s\n", what.c_str());
  std::exit(1);
}

uint64_t splitmix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// Text that is put together left to right. Confined to its task.
class Line {
 public:
  void clear() { size_ = 0; }
  std::string_view view() const { return {text_.data(), size_}; }
  Line& operator<<(std::string_view part) {
    std::memcpy(text_.data() + size_, part.data(), part.size());
    size_ += part.size();
    return *this;
  }
  Line& operator<<(int64_t number) {
    size_ = static_cast<size_t>(std::to_chars(text_.data() + size_, text_.data() + text_.size(), number).ptr - text_.data());
    return *this;
  }
  Line& padded(int64_t number, int digits) {
    for (int i = digits; i-- > 0; number /= 10) text_[size_ + static_cast<size_t>(i)] = static_cast<char>('0' + number % 10);
    size_ += static_cast<size_t>(digits);
    return *this;
  }

 private:
  std::array<char, 512> text_;
  size_t size_ = 0;
};

void put_time(Line& line, int64_t millis) {
  using namespace std::chrono;
  const sys_time<milliseconds> at{milliseconds(millis)};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(at - day);
  line.padded(static_cast<int>(date.year()), 4) << "-";
  line.padded(static_cast<unsigned>(date.month()), 2) << "-";
  line.padded(static_cast<unsigned>(date.day()), 2) << "T";
  line.padded(time.hours().count(), 2) << ":";
  line.padded(time.minutes().count(), 2) << ":";
  line.padded(time.seconds().count(), 2) << ".";
  line.padded(time.subseconds().count(), 3) << "Z";
}

void put_record(Line& line, int64_t id, uint64_t seed, Sums& sums) {
  const uint64_t dice = splitmix(seed ^ splitmix(static_cast<uint64_t>(id)));
  const std::string_view event_type = kEventTypes[dice % kEventTypes.size()];
  // A millisecond a record, each up to half a second late: nearly ordered, as streams are.
  const int64_t millis = kFirstMillis + id + static_cast<int64_t>((dice >> 3) % 500);
  const int64_t cents = static_cast<int64_t>((dice >> 12) % 10'000);
  const int64_t sensor = static_cast<int64_t>((dice >> 26) % 200);
  const int64_t user_id = 100'000 + static_cast<int64_t>((dice >> 34) % 900'000);

  line.clear();
  line << "{\"id\":" << id << ",\"event_type\":\"" << event_type << "\",\"ts\":\"";
  put_time(line, millis);
  line << "\",\"value\":" << cents / 100 << ".";
  line.padded(cents % 100, 2) << ",\"source\":\"sensor-";
  line.padded(sensor, 3) << ".hall-" << sensor % 7 << "\",\"user_id\":" << user_id << "}";

  sums.id += id;
  sums.ts_millis += millis - kFirstMillis;
  sums.value_cents += cents;
  sums.user_id += user_id;
  sums.text_bytes += static_cast<int64_t>(event_type.size()) + 17;
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
