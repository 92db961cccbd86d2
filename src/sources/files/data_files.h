// Parquet files of a table or of a directory, pinned for a run, as what lanes read.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/wait.h"
#include "flow/read_ahead.h"
#include "flow/source.h"
#include "lake/actions.h"
#include "laketide/status.h"
#include "sources/files/file_layout.h"
#include "storage/store.h"

namespace laketide {

/// Files that are read whole, and the columns that all of them have. Immutable.
struct DataFiles {
  std::string root;                  // what their paths are relative to
  Schema schema;                     // as they say it; see `row_schema_of`
  std::vector<lake::AddFile> files;  // in order of their paths
  std::vector<int64_t> rows;         // of each file
};

/// Rows of each file: as its statistics say, else as its footer does. Fails `kUser` broken_file, or as the store.
Result<std::vector<int64_t>> count_rows(storage::Store& store, const std::string& root, const std::vector<lake::AddFile>& files, const Wait& wait);

/// The columns as queries know types: text for dictionaries of it, microseconds for nanoseconds, smallint for bytes, … Field metadata
/// that marks uuid and jsonb is kept. Fails `kUser` schema_mismatch by the name of a type that has no place.
Result<Schema> row_schema_of(const arrow::Schema& files);

/// What a run reads of the files. Immutable.
struct DataFileSelection {
  std::string source, topic;
  std::shared_ptr<const DataFiles> files;
  std::shared_ptr<const FileLayout> layout;
  Schema columns;                   // of `row_schema_of`, a subset
  std::vector<std::string> hidden;  // pseudo-columns behind them; those that only a record has are null
};

/// Decodes on io threads, a few megabytes ahead, and hands out slices. A file that has not the rows it should fails `kUser` broken_file.
std::unique_ptr<Reader> make_data_file_reader(DataFileSelection selection, std::shared_ptr<storage::Store> store, IoPost post, Context& context);

}  // namespace laketide
