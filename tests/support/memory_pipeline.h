// A source, a format and sinks in memory, at the seams of flow: what is "on disk" outlives the run that wrote it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "flow/decoder.h"
#include "flow/operator.h"
#include "flow/sink.h"
#include "flow/source.h"

namespace laketide {

/// Partitions of one topic, each a list of values; a record's key is its value. Thread-safe.
class MemoryTopic {
 public:
  explicit MemoryTopic(int partitions) : partitions_(static_cast<size_t>(partitions)) {}
  void append(int partition, std::string value);
  /// An offset that is taken and has no record, as a transaction's end leaves it.
  void append_marker(int partition);
  void add_partition();
  /// Starts over with other contents under the same name.
  void recreate(int partitions);
  PartitionBounds bounds() const;
  /// Up to `count` values from `from` on; before the next marker.
  std::vector<std::string> read(int partition, int64_t from, int64_t count) const;
  bool is_marker(int partition, int64_t offset) const;
  /// Woken when something is appended.
  void watch(std::function<void()> wake);

 private:
  mutable std::mutex mutex_;
  std::vector<std::vector<std::string>> partitions_;
  std::vector<std::function<void()>> watchers_;
};

/// A source named "in" over topic "t".
std::shared_ptr<Source> make_memory_source(std::shared_ptr<MemoryTopic> topic);

/// Columns `partition int32, offset int64, value utf8`; a value that begins with '!' is rejected as bad_json.
std::shared_ptr<Format> make_memory_format();

/// A table in memory with the progress inside. Thread-safe.
struct MemoryTable {
  std::mutex mutex;
  std::vector<std::pair<std::pair<int, int64_t>, std::string>> rows;  // ((partition, offset), value)
  Generation generation;
  std::optional<EpochId> epoch;
  Positions next;
  std::string plan;
  int commits = 0;
  int64_t rows_of_epoch = 0;  // of the last one
  std::map<std::string, std::optional<Instant>> largest;  // what the sink says of these columns; of others it cannot
};

/// Refuses rows whose value begins with '?', naming their place only, as the operators of a query do.
std::unique_ptr<Operator> make_memory_operator();

/// Commits into `table` with failpoints memory_sink.<id>.<prepare|commit>.<before|after>. Its writer refuses values that begin with
/// '#', naming their place only. Takes the quarantine's rows too; a value that is null is kept as "(null)".
std::unique_ptr<Sink> make_memory_sink(std::string id, std::shared_ptr<MemoryTable> table);

}  // namespace laketide
