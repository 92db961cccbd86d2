#include "engine/process_metrics.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <arrow/memory_pool.h>
#include <sys/resource.h>
#include <unistd.h>

#include "laketide/version.h"

// jemalloc's, where it is linked.
extern "C" __attribute__((weak)) int mallctl(const char* name, void* old_value, size_t* old_size, void* new_value, size_t new_size);

namespace laketide {
namespace {

/// The fields of /proc/self/stat behind the name, which may hold anything; field 3 of proc(5) is the first.
struct ProcessStat {
  double start_ticks = -1, virtual_bytes = -1, resident_pages = -1, threads = -1;
};

ProcessStat read_stat() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
  ProcessStat stat;
  std::string field;
  for (int number = 3; fields >> field && number <= 24; ++number) {
    double* into = number == 20 ? &stat.threads : number == 22 ? &stat.start_ticks : number == 23 ? &stat.virtual_bytes : number == 24 ? &stat.resident_pages : nullptr;
    if (into != nullptr) *into = std::strtod(field.c_str(), nullptr);
  }
  return stat;
}

/// When the machine was started, in seconds since 1970.
double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return -1;
}

double open_files() {
  std::error_code failed;
  double count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", failed), end; !failed && at != end; at.increment(failed)) ++count;
  return failed ? -1 : count - 1;  // one of them is the look
}

/// jemalloc(3), `stats.<name>`, as of the last read_heap(); -1 with another allocator.
double heap_bytes(const char* name) {
  size_t value = 0, size = sizeof value;
  return mallctl != nullptr && mallctl(name, &value, &size, nullptr, 0) == 0 ? static_cast<double>(value) : -1;
}

/// The statistics are as of the moment that `epoch` is written.
void read_heap() {
  uint64_t epoch = 1;
  if (mallctl != nullptr) static_cast<void>(mallctl("epoch", nullptr, nullptr, &epoch, sizeof epoch));
}

}  // namespace

Readings process_readings() {
  Readings all;
  const auto add = [&](Reading::Kind kind, const char* name, const char* help, double value) {
    if (value >= 0) all.push_back({kind, name, help, {}, value});
  };
  read_heap();
  add(Reading::Kind::kGauge, "laketide_heap_allocated_bytes", "Memory in use", heap_bytes("stats.allocated"));
  add(Reading::Kind::kGauge, "laketide_heap_resident_bytes", "What the allocator holds in RAM, used or kept for later", heap_bytes("stats.resident"));
  add(Reading::Kind::kGauge, "laketide_column_bytes", "Memory of columns and of files being encoded, part of the heap", static_cast<double>(arrow::default_memory_pool()->bytes_allocated()));
  rusage used{};
  const double cpu = getrusage(RUSAGE_SELF, &used) != 0 ? -1
                                                       : static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                                                             static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  add(Reading::Kind::kCounter, "process_cpu_seconds_total", "CPU time of this process", cpu);
  const ProcessStat stat = read_stat();
  static const double booted_at = boot_time();
  add(Reading::Kind::kGauge, "process_start_time_seconds", "When this process was started, since 1970-01-01T00:00:00Z",
      booted_at < 0 || stat.start_ticks < 0 ? -1 : booted_at + stat.start_ticks / static_cast<double>(sysconf(_SC_CLK_TCK)));
  add(Reading::Kind::kGauge, "process_virtual_memory_bytes", "Address space of this process", stat.virtual_bytes);
  add(Reading::Kind::kGauge, "process_resident_memory_bytes", "Memory of this process that is in RAM",
      stat.resident_pages < 0 ? -1 : stat.resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE)));
  add(Reading::Kind::kGauge, "process_threads", "Threads of this process", stat.threads);
  add(Reading::Kind::kGauge, "process_open_fds", "Open files and connections", open_files());
  rlimit limit{};
  add(Reading::Kind::kGauge, "process_max_fds", "How many may be open", getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : -1);
  all.push_back({Reading::Kind::kGauge, "laketide_build_info", "1, with the version and commit of the running build", {{"version", version()}, {"commit", commit()}}, 1});
  return all;
}

}  // namespace laketide
