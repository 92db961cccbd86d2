// A Delta table as a sink: exactly once, readable at every version by anyone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "flow/sink.h"
#include "laketide/status.h"
#include "storage/store.h"

namespace laketide {

/// One table of one pipeline. Immutable.
struct DeltaSinkOptions {
  std::string pipeline;
  std::string id;                         // the sink's id in its pipeline; part of the progress's names
  std::string table_path;                 // the table's root
  std::vector<std::string> partition_by;  // columns
  std::string compression = "zstd";       // zstd | snappy
  int64_t target_file_bytes = 128 << 20;
};

/// Appends. Progress stands in the same log entry as the files (README). `bind` refuses a table whose columns cannot take the
/// rows (`schema_mismatch`) or that asks for features we lack (`unsupported_table`). Touches nothing before its claim. Fails
/// `kUser` `bad_compression`.
Result<std::unique_ptr<Sink>> make_delta_sink(DeltaSinkOptions options, std::shared_ptr<storage::Store> store);

}  // namespace laketide
