// straight_line: Kafka → JSON → nothing, Parquet, PostgreSQL or a window's groups, by hand for one schema and without an engine: no SQL, no
// epochs, no ledger, no restart. It is the floor that bench/run.sh holds Laketide against; make it faster whenever Laketide comes near.
//
//   a lane (thread, one or two):   client handle ─► batch of messages ─► Row, views into the message ─► sink
//
//   drain     the records are counted, and not read
//   drop      the fields are summed up and forgotten
//   parquet   a directory of files, `rows-per-commit` rows each, synced
//   copy      COPY BINARY over one connection, a transaction every `rows-per-commit` rows
//   upsert    the same into a temporary table, and INSERT … ON CONFLICT from there
//   window    count and average of `value` by 10 seconds of event time and source
//   follow    as copy, of a topic that is being written: a transaction every `interval-ms`, until `records` are read
//
// It reads each partition from its beginning until the broker says that it ends, and prints one line of JSON.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "straight/copy_rows.h"
#include "straight/drain.h"
#include "straight/parquet_files.h"
#include "straight/row_reader.h"
#include "straight/settings.h"
#include "straight/window_groups.h"

namespace straight {
namespace {

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

// ---- Sinks: take(text, size) for each record, finish() once -------------------------------------------------------------------

/// What reading alone costs. Confined to its task.
class Unread {
 public:
  bool take(const char*, size_t) { return true; }
  void finish() {}
};

/// A sink of rows behind the parser. Confined to its task.
template <typename Sink>
class Decoded {
 public:
  template <typename... Arguments>
  explicit Decoded(Arguments&&... arguments) : sink_(std::forward<Arguments>(arguments)...) {}
  bool take(const char* text, size_t size) {
    if (!reader_.read(text, size, row_)) return false;
    sink_.add(row_);
    return true;
  }
  void finish() { sink_.finish(); }

 private:
  RowReader reader_;
  Row row_{};
  Sink sink_;
};

/// Looks at every field and keeps nothing. Confined to its task.
class Drop {
 public:
  void add(const Row& row) {
    sum_ += static_cast<uint64_t>(row.id ^ row.ts_micros ^ row.user_id) + std::bit_cast<uint64_t>(row.value) +
            static_cast<unsigned char>(row.event_type.back()) + static_cast<unsigned char>(row.source.back());
  }
  void finish() { asm volatile("" : : "r"(sum_)); }

 private:
  uint64_t sum_ = 0;
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
  if (settings.sink == "drain") return run_lanes(settings, [](int) { return Unread(); });
  if (settings.sink == "parquet") return run_lanes(settings, [&](int lane) { return Decoded<ParquetFiles>(settings, lane); });
  if (settings.sink == "window") {
    WindowResult result(settings);
    const Counts counts = run_lanes(settings, [&](int) { return Decoded<WindowGroups>(result); });
    result.write();
    return counts;
  }
  if (settings.sink == "follow") {
    CopyConnection connection(settings);
    Decoded<CopyRows> rows(connection);
    Drain drain(settings, 0);
    return drain.follow(rows, settings.records, std::chrono::milliseconds(settings.interval_ms), [&] {
      rows.finish();
      connection.finish();
    });
  }
  if (settings.sink == "copy" || settings.sink == "upsert") {
    CopyConnection connection(settings);
    const Counts counts = run_lanes(settings, [&](int) { return Decoded<CopyRows>(connection); });
    connection.finish();
    return counts;
  }
  return run_lanes(settings, [](int) { return Decoded<Drop>(); });
}

Settings parse_settings(int argc, char** argv) {
  Settings settings;
  CLI::App app("Drains a topic of bench/fill_topic's records by hand-written code, as the floor to compare an engine with.");
  app.add_option("--brokers", settings.brokers)->required();
  app.add_option("--topic", settings.topic)->required();
  app.add_option("--sink", settings.sink)->required()->check(CLI::IsMember({"drain", "drop", "parquet", "copy", "upsert", "window", "follow"}));
  app.add_option("--dir", settings.dir, "parquet, window: an existing directory");
  app.add_option("--postgres", settings.postgres, "copy, upsert, follow: URL of the server");
  app.add_option("--table", settings.table, "copy, upsert, follow: an existing table")->capture_default_str();
  app.add_option("--compression", settings.compression, "parquet")->capture_default_str()->check(CLI::IsMember({"snappy", "zstd"}));
  app.add_option("--rows-per-commit", settings.rows_per_commit, "of a file, or of a transaction")->capture_default_str();
  app.add_option("--records", settings.records, "follow: when to stop");
  app.add_option("--interval-ms", settings.interval_ms, "follow: from one transaction to the next")->capture_default_str();
  app.add_option("--lanes", settings.lanes, "threads, each with a client of its own")->capture_default_str()->check(CLI::Range(1, 2));
  app.add_option("--client", settings.client, "a librdkafka setting, name=value");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  if ((settings.sink == "parquet" || settings.sink == "window") && settings.dir.empty()) fail("--sink " + settings.sink + " needs --dir");
  if ((settings.sink == "copy" || settings.sink == "upsert" || settings.sink == "follow") && settings.postgres.empty()) fail("--sink " + settings.sink + " needs --postgres");
  return settings;
}

}  // namespace
}  // namespace straight

int main(int argc, char** argv) {
  using namespace straight;
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
