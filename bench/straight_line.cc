// straight_line: Kafka → JSON → nothing, Parquet or PostgreSQL, by hand for one schema and without an engine: no SQL, no epochs, no
// ledger, no restart. It is the floor that bench/run.sh holds Laketide against; make it faster whenever Laketide comes near.
//
//   a lane (thread, one or two):   client handle ─► batch of messages ─► Row, views into the message ─► sink
//
//   drop      the fields are summed up and forgotten
//   parquet   a directory of snappy files, `rows-per-commit` rows each, synced
//   copy      COPY BINARY over one connection, a transaction every `rows-per-commit` rows
//
// It reads each partition from its beginning until the broker says that it ends, and prints one line of JSON.
#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>
#include <parquet/arrow/writer.h>
#include <simdjson.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

namespace {

struct Settings {
  std::string brokers, topic, sink, dir, postgres, table = "public.straight_line";
  int64_t rows_per_commit = 1'000'000;
  int lanes = 1;
  std::vector<std::string> client;  // name=value, for librdkafka
};

struct Row {
  int64_t id, ts_micros, user_id;
  double value;
  std::string_view event_type, source;  // valid until the next record is read
};

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "straight_line: %s\n", what.c_str());
  std::_Exit(1);
}

void check(const arrow::Status& status) {
  if (!status.ok()) fail(status.ToString());
}

/// The kernel's ru_maxrss would not do: it begins with what the process that started us had.
double peak_rss_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "VmHWM:" && status >> word) return std::stod(word) / 1024;
  }
  return 0;
}

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// ---- JSON ----------------------------------------------------------------------------------------------------------------------

/// ISO 8601 with an offset to microseconds since 1970 UTC. Remembers the last date: the next record's is nearly always the same.
/// Confined to its task.
class TimeReader {
 public:
  bool read(std::string_view text, int64_t& micros) {
    if (text.size() < 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':') return false;
    if (std::memcmp(text.data(), date_.data(), date_.size()) != 0 && !turn_to(text.data())) return false;
    const unsigned hour = two_digits(text.data() + 11), minute = two_digits(text.data() + 14), second = two_digits(text.data() + 17);
    if (hour > 23 || minute > 59 || second > 59) return false;
    const char* at = text.data() + 19;
    const char* const end = text.data() + text.size();
    int64_t fraction = 0, unit = 1'000'000;
    if (*at == '.') {
      while (++at < end && is_digit(*at)) {
        if (unit > 1) fraction += (*at - '0') * (unit /= 10);
      }
    }
    int64_t offset_minutes = 0;
    if (end - at != 1 || *at != 'Z') {
      if (end - at != 6 || (*at != '+' && *at != '-') || at[3] != ':') return false;
      const unsigned hours = two_digits(at + 1), minutes = two_digits(at + 4);
      if (hours > 18 || minutes > 59) return false;
      offset_minutes = (*at == '-' ? -1 : 1) * static_cast<int64_t>(hours * 60 + minutes);
    }
    micros = midnight_ + ((hour * 60 + minute - offset_minutes) * 60 + second) * 1'000'000 + fraction;
    return true;
  }

 private:
  static bool is_digit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }
  static unsigned two_digits(const char* text) {
    return is_digit(text[0]) && is_digit(text[1]) ? static_cast<unsigned>(10 * (text[0] - '0') + text[1] - '0') : 100;
  }
  bool turn_to(const char* text) {
    using namespace std::chrono;
    const unsigned century = two_digits(text), year = two_digits(text + 2), month = two_digits(text + 5), day = two_digits(text + 8);
    if (century > 99 || year > 99 || text[4] != '-' || text[7] != '-') return false;
    const year_month_day date(std::chrono::year(static_cast<int>(100 * century + year)), std::chrono::month(month), std::chrono::day(day));
    if (!date.ok()) return false;
    midnight_ = duration_cast<microseconds>(sys_days(date).time_since_epoch()).count();
    std::memcpy(date_.data(), text, date_.size());
    return true;
  }

  std::array<char, 10> date_{};
  int64_t midnight_ = 0;
};

/// One record's text to a Row, in place. Confined to its task.
class RowReader {
 public:
  bool read(const char* text, size_t size, Row& row) {
    simdjson::ondemand::document document;
    simdjson::ondemand::object object;
    std::string_view ts;
    const char* const padded = with_padding(text, size);
    return parser_.iterate(padded, size, size + simdjson::SIMDJSON_PADDING).get(document) == simdjson::SUCCESS &&
           document.get_object().get(object) == simdjson::SUCCESS &&
           object["id"].get_int64().get(row.id) == simdjson::SUCCESS &&
           object["event_type"].get_string().get(row.event_type) == simdjson::SUCCESS &&
           object["ts"].get_string().get(ts) == simdjson::SUCCESS && time_.read(ts, row.ts_micros) &&
           object["value"].get_double().get(row.value) == simdjson::SUCCESS &&
           object["source"].get_string().get(row.source) == simdjson::SUCCESS &&
           object["user_id"].get_int64().get(row.user_id) == simdjson::SUCCESS;
  }

 private:
  /// simdjson reads up to SIMDJSON_PADDING bytes behind the text. That is safe in place unless the text ends that close to the end of
  /// its page: whatever stands there is ours to read, as a page is mapped as a whole.
  const char* with_padding(const char* text, size_t size) {
    constexpr size_t kPage = 4096;
    if ((reinterpret_cast<uintptr_t>(text + size) & (kPage - 1)) <= kPage - simdjson::SIMDJSON_PADDING) return text;
    if (copy_.size() < size + simdjson::SIMDJSON_PADDING) copy_.resize(2 * size + simdjson::SIMDJSON_PADDING);
    std::memcpy(copy_.data(), text, size);
    return copy_.data();
  }

  simdjson::ondemand::parser parser_;
  TimeReader time_;
  std::vector<char> copy_;
};

// ---- Sinks: add(row) for each row, finish() once -------------------------------------------------------------------------------

/// Looks at every field and keeps nothing. Confined to its task.
class Drop {
 public:
  Drop(const Settings&, int) {}
  void add(const Row& row) {
    sum_ += static_cast<uint64_t>(row.id ^ row.ts_micros ^ row.user_id) + std::bit_cast<uint64_t>(row.value) +
            static_cast<unsigned char>(row.event_type.back()) + static_cast<unsigned char>(row.source.back());
  }
  void finish() { asm volatile("" : : "r"(sum_)); }

 private:
  uint64_t sum_ = 0;
};

/// Arrow builders of one batch, small enough to stay in the cache, written into a file's open row group. Confined to its task.
class ParquetFiles {
 public:
  ParquetFiles(const Settings& settings, int lane)
      : prefix_(settings.dir + "/part-" + std::to_string(lane) + "-"), rows_per_file_(settings.rows_per_commit) {
    const auto required = [](const char* name, auto type) { return arrow::field(name, std::move(type), false); };
    schema_ = arrow::schema({required("id", arrow::int64()), required("event_type", arrow::utf8()),
                             required("ts", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")), required("value", arrow::float64()),
                             required("source", arrow::utf8()), required("user_id", arrow::int64())});
    reserve();
  }

  void add(const Row& row) {
    id_.UnsafeAppend(row.id);
    check(event_type_.Append(row.event_type));
    ts_.UnsafeAppend(row.ts_micros);
    value_.UnsafeAppend(row.value);
    check(source_.Append(row.source));
    user_id_.UnsafeAppend(row.user_id);
    if (id_.length() == kBatchRows) write_batch();
  }

  void finish() {
    write_batch();
    close_file();
  }

 private:
  static constexpr int64_t kBatchRows = 8192;

  void reserve() {
    const auto builders = std::to_array<arrow::ArrayBuilder*>({&id_, &event_type_, &ts_, &value_, &source_, &user_id_});
    for (auto* builder : builders) check(builder->Reserve(kBatchRows));
  }

  void write_batch() {
    const int64_t rows = id_.length();
    if (rows == 0) return;
    std::vector<std::shared_ptr<arrow::Array>> columns;
    const auto builders = std::to_array<arrow::ArrayBuilder*>({&id_, &event_type_, &ts_, &value_, &source_, &user_id_});
    for (auto* builder : builders) check(builder->Finish(&columns.emplace_back()));
    if (!writer_) open_file();
    check(writer_->WriteRecordBatch(*arrow::RecordBatch::Make(schema_, rows, std::move(columns))));
    reserve();
    rows_in_file_ += rows;
    if (rows_in_file_ >= rows_per_file_) close_file();
  }

  void open_file() {
    parquet::WriterProperties::Builder properties;
    properties.compression(parquet::Compression::SNAPPY)->disable_dictionary();
    properties.enable_dictionary("event_type")->enable_dictionary("source")->max_row_group_length(rows_per_file_);
    file_ = arrow::io::FileOutputStream::Open(prefix_ + std::to_string(files_++) + ".parquet").ValueOrDie();
    writer_ = parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(), file_, properties.build()).ValueOrDie();
    check(writer_->NewBufferedRowGroup());
    rows_in_file_ = 0;
  }

  void close_file() {
    if (!writer_) return;
    check(writer_->Close());
    if (::fsync(file_->file_descriptor()) != 0) fail("fsync: " + prefix_);
    check(file_->Close());
    writer_.reset();
  }

  const std::string prefix_;
  const int64_t rows_per_file_;
  int64_t rows_in_file_ = 0;
  int files_ = 0;
  std::shared_ptr<arrow::Schema> schema_;
  arrow::Int64Builder id_, user_id_;
  arrow::StringBuilder event_type_, source_;
  arrow::TimestampBuilder ts_{arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), arrow::default_memory_pool()};
  arrow::DoubleBuilder value_;
  std::shared_ptr<arrow::io::FileOutputStream> file_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

/// The one connection, which the lanes share: whole rows, a buffer at a time. Thread-safe.
class CopyConnection {
 public:
  explicit CopyConnection(const Settings& settings)
      : connection_(PQconnectdb(settings.postgres.c_str())),
        begin_("COPY " + settings.table + " (id, event_type, ts, value, source, user_id) FROM STDIN (FORMAT binary)"),
        rows_per_commit_(settings.rows_per_commit) {
    if (PQstatus(connection_) != CONNECTION_OK) fail(PQerrorMessage(connection_));
  }
  ~CopyConnection() { PQfinish(connection_); }
  CopyConnection(const CopyConnection&) = delete;
  CopyConnection& operator=(const CopyConnection&) = delete;

  void put(const std::vector<char>& bytes, size_t size, int64_t rows) {
    std::lock_guard lock(mutex_);
    if (!open_) begin();
    put(bytes.data(), size);
    rows_ += rows;
    if (rows_ >= rows_per_commit_) end();
  }
  void finish() {
    std::lock_guard lock(mutex_);
    if (open_) end();
  }

 private:
  void put(const char* bytes, size_t size) {
    if (PQputCopyData(connection_, bytes, static_cast<int>(size)) != 1) fail(PQerrorMessage(connection_));
  }
  void begin() {
    PGresult* answer = PQexec(connection_, begin_.c_str());
    if (PQresultStatus(answer) != PGRES_COPY_IN) fail(PQerrorMessage(connection_));
    PQclear(answer);
    put("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    open_ = true;
    rows_ = 0;
  }
  void end() {
    put("\377\377", 2);
    if (PQputCopyEnd(connection_, nullptr) != 1) fail(PQerrorMessage(connection_));
    while (PGresult* answer = PQgetResult(connection_)) {
      if (PQresultStatus(answer) != PGRES_COMMAND_OK) fail(PQerrorMessage(connection_));
      PQclear(answer);
    }
    open_ = false;
  }

  std::mutex mutex_;
  PGconn* const connection_;
  const std::string begin_;
  const int64_t rows_per_commit_;
  int64_t rows_ = 0;
  bool open_ = false;
};

/// Rows in COPY's binary format, into a buffer that goes to the connection when it is full. Confined to its task.
class Copy {
 public:
  explicit Copy(CopyConnection& connection) : connection_(connection) {}

  void add(const Row& row) {
    const size_t most = 2 + 6 * 4 + 4 * 8 + row.event_type.size() + row.source.size();
    if (size_ + most > buffer_.size()) {
      flush();
      if (most > buffer_.size()) buffer_.resize(most);
    }
    char* at = buffer_.data() + size_;
    at = big_endian(at, uint16_t{6});
    at = number(at, static_cast<uint64_t>(row.id));
    at = text(at, row.event_type);
    at = number(at, static_cast<uint64_t>(row.ts_micros - kPostgresEpochMicros));
    at = number(at, std::bit_cast<uint64_t>(row.value));
    at = text(at, row.source);
    at = number(at, static_cast<uint64_t>(row.user_id));
    size_ = static_cast<size_t>(at - buffer_.data());
    ++rows_;
  }
  void finish() { flush(); }

 private:
  static constexpr int64_t kPostgresEpochMicros = 946'684'800'000'000;  // 2000-01-01

  template <typename T>
  static char* big_endian(char* at, T number) {
    if constexpr (sizeof(T) == 2) number = __builtin_bswap16(number);
    if constexpr (sizeof(T) == 4) number = __builtin_bswap32(number);
    if constexpr (sizeof(T) == 8) number = __builtin_bswap64(number);
    std::memcpy(at, &number, sizeof number);
    return at + sizeof number;
  }
  static char* number(char* at, uint64_t value) { return big_endian(big_endian(at, uint32_t{8}), value); }
  static char* text(char* at, std::string_view value) {
    at = big_endian(at, static_cast<uint32_t>(value.size()));
    std::memcpy(at, value.data(), value.size());
    return at + value.size();
  }
  void flush() {
    if (rows_ > 0) connection_.put(buffer_, size_, rows_);
    size_ = 0;
    rows_ = 0;
  }

  CopyConnection& connection_;
  std::vector<char> buffer_ = std::vector<char>(64 << 10);
  size_t size_ = 0;
  int64_t rows_ = 0;
};

// ---- Kafka ---------------------------------------------------------------------------------------------------------------------

struct Counts {
  int64_t records = 0, bytes = 0, bad = 0;
  double cpu_s = 0;  // of the lane's own thread
};

/// Keeps the client from reading far ahead. Its own limit on a full queue puts a broker's thread to sleep for up to a second; here the
/// thread that has just asked for more waits while the queue is long, and the broker's answer waits in the socket. Thread-safe.
class Gate {
 public:
  void watch(rd_kafka_queue_t* queue) { queue_.store(queue); }
  void pass() {
    std::unique_lock lock(mutex_);
    // The client wants to look at its clocks now and then.
    drained_.wait_for(lock, std::chrono::milliseconds(200), [&] { return length() <= kMessagesMax; });
  }
  void drained() {
    if (length() > kMessagesMax) return;
    std::lock_guard lock(mutex_);
    drained_.notify_all();
  }

 private:
  static constexpr size_t kMessagesMax = 16'384;
  size_t length() const {
    rd_kafka_queue_t* const queue = queue_.load();
    return queue == nullptr ? 0 : rd_kafka_queue_length(queue);
  }

  std::mutex mutex_;
  std::condition_variable drained_;
  std::atomic<rd_kafka_queue_t*> queue_{nullptr};
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
    RowReader reader;
    Row row{};
    std::vector<rd_kafka_message_t*> batch(kBatch);
    while (partitions_left_ > 0) {
      const ssize_t size = rd_kafka_consume_batch_queue(queue_, kFillMs, batch.data(), batch.size());
      for (ssize_t i = 0; i < size; ++i) {
        rd_kafka_message_t* const message = batch[static_cast<size_t>(i)];
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
          ++counts.records;
          counts.bytes += static_cast<int64_t>(message->len);
          if (reader.read(static_cast<const char*>(message->payload), message->len, row)) {
            sink.add(row);
          } else {
            ++counts.bad;
          }
        } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
          --partitions_left_;
        } else {
          fail(rd_kafka_message_errstr(message));
        }
        rd_kafka_message_destroy(message);
      }
      gate_.drained();
    }
    return counts;
  }

 private:
  static constexpr size_t kBatch = 1024;
  static constexpr int kFillMs = 10;  // it waits so long for a batch to be full, also at the end of all

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
  int partitions_left_ = 0;
};

/// Runs the lanes side by side, each with the sink that `make_sink(lane)` gives it; returns what they counted together.
template <typename MakeSink>
Counts run_lanes(const Settings& settings, const MakeSink& make_sink) {
  std::vector<Counts> counts(static_cast<size_t>(settings.lanes));
  std::vector<std::thread> threads;
  for (int lane = 0; lane < settings.lanes; ++lane) {
    threads.emplace_back([&, lane] {
      auto sink = make_sink(lane);
      Drain drain(settings, lane);
      Counts& mine = counts[static_cast<size_t>(lane)];
      mine = drain.run(sink);
      sink.finish();
      mine.cpu_s = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    });
  }
  for (auto& thread : threads) thread.join();
  Counts total;
  for (const Counts& one : counts) {
    total.records += one.records;
    total.bytes += one.bytes;
    total.bad += one.bad;
    total.cpu_s += one.cpu_s;
  }
  return total;
}

Counts run(const Settings& settings) {
  if (settings.sink == "parquet") return run_lanes(settings, [&](int lane) { return ParquetFiles(settings, lane); });
  if (settings.sink == "copy") {
    CopyConnection connection(settings);
    const Counts counts = run_lanes(settings, [&](int) { return Copy(connection); });
    connection.finish();
    return counts;
  }
  return run_lanes(settings, [&](int lane) { return Drop(settings, lane); });
}

Settings parse_settings(int argc, char** argv) {
  Settings settings;
  CLI::App app("Drains a topic of bench/fill_topic's records by hand-written code, as the floor to compare an engine with.");
  app.add_option("--brokers", settings.brokers)->required();
  app.add_option("--topic", settings.topic)->required();
  app.add_option("--sink", settings.sink)->required()->check(CLI::IsMember({"drop", "parquet", "copy"}));
  app.add_option("--dir", settings.dir, "parquet: an existing directory");
  app.add_option("--postgres", settings.postgres, "copy: URL of the server");
  app.add_option("--table", settings.table, "copy: an existing table")->capture_default_str();
  app.add_option("--rows-per-commit", settings.rows_per_commit, "of a file, or of a transaction")->capture_default_str();
  app.add_option("--lanes", settings.lanes, "threads, each with a client of its own")->capture_default_str()->check(CLI::Range(1, 2));
  app.add_option("--client", settings.client, "a librdkafka setting, name=value");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  if (settings.sink == "parquet" && settings.dir.empty()) fail("--sink parquet needs --dir");
  if (settings.sink == "copy" && settings.postgres.empty()) fail("--sink copy needs --postgres");
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  const Settings settings = parse_settings(argc, argv);
  const double began = seconds_of(CLOCK_MONOTONIC), cpu_began = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  const Counts counts = run(settings);
  const double wall_s = seconds_of(CLOCK_MONOTONIC) - began, cpu_s = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_began;
  const double records = static_cast<double>(std::max<int64_t>(counts.records, 1));
  std::printf("{\"sink\":\"%s\",\"lanes\":%d,\"records\":%lld,\"bytes\":%lld,\"bad\":%lld,\"wall_s\":%.3f,\"records_per_s\":%.0f,"
              "\"cpu_ns_per_record\":%.1f,\"lane_cpu_ns_per_record\":%.1f,\"peak_rss_mib\":%.1f}\n",
              settings.sink.c_str(), settings.lanes, static_cast<long long>(counts.records), static_cast<long long>(counts.bytes),
              static_cast<long long>(counts.bad), wall_s, static_cast<double>(counts.records) / wall_s, 1e9 * cpu_s / records,
              1e9 * counts.cpu_s / records, peak_rss_mib());
  return counts.bad == 0 ? 0 : 1;
}
