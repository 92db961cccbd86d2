// A Delta table as a sink: exactly once, readable at every version by anyone.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "flow/sink.h"
#include "laketide/status.h"
#include "storage/store.h"

namespace laketide {

/// One table of one pipeline. Immutable.
struct DeltaSinkOptions {
  enum class Mode {
    kAppend,
    kUpsert,     // a row replaces the one with its key; a delete (flow/change.h) takes it out
    kOverwrite,  // each epoch's rows replace all that the table has
  };

  std::string pipeline;
  std::string id;                         // the sink's id in its pipeline; part of the progress's names
  std::string table_path;                 // the table's root
  Mode mode = Mode::kAppend;
  std::vector<std::string> key;           // upsert: columns that tell rows apart; empty: those that `bind` is told (flow/key_columns.h)
  std::string order_by;                   // upsert: the row with the larger value stays; empty: the last one
  std::vector<std::string> partition_by;  // columns
  std::string compression = "zstd";       // zstd | snappy
  int64_t target_file_bytes = 128 << 20;
  std::chrono::milliseconds retain{std::chrono::hours(24 * 7)};  // files that were replaced stay so long for readers of older versions
  int64_t held_bytes_max = 32 << 20;      // upsert: rows that a lane keeps in memory; the rest waits in a file
  const Clock* clock = &system_clock();
};

/// Progress stands in the same log entry as the files (README). `bind` refuses a table whose columns cannot take the rows
/// (`schema_mismatch`), a key that is not among them (`bad_key`), or a table that asks for features we lack (`unsupported_table`). Rows
/// that change others fail an append with `needs_upsert`. Touches nothing before its claim. Fails `kUser` `bad_compression`.
Result<std::unique_ptr<Sink>> make_delta_sink(DeltaSinkOptions options, std::shared_ptr<storage::Store> store);

}  // namespace laketide
