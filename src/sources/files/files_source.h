// Parquet, CSV and JSON files as a source: those that are there when a run begins, read whole.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "flow/read_ahead.h"
#include "flow/source.h"
#include "laketide/status.h"
#include "storage/store.h"

namespace laketide {

/// `files:` of a source, with what the engine adds. Immutable.
struct FilesSourceOptions {
  std::string name;      // key under `sources:`
  std::string shown_as;  // the path as the document has it; what `_topic` holds
  std::string path;      // a file, a folder or a pattern, see file_list.h
  std::string format;    // parquet | csv | json
  bool header = true;    // csv: the first record of each file has the columns' names
  char delimiter = ',';  // csv
  std::string pin;       // of an earlier snapshot() of these files; empty: none
  std::function<IoPost()> open_actor;  // a lane's own, on which its files are read
};

/// Rows of Parquet files (a folder may have `column=value` folders inside), or records of text files for a format to decode. Thread-safe.
class FilesSource : public Source {
 public:
  /// CSV with a header: the record with the names. Empty: there is none, or `bounds` has not answered yet. The same in every file.
  virtual std::string header() const = 0;
};

/// The files are found when `bounds` is asked for the first time, and counted: offsets number rows or records over the files in the order
/// of their paths. A file that has another size or time than its pin says, or is gone, fails `kUser` files_changed; others that came
/// since are not looked at. Further codes: no_files, too_many_files, compressed_file, record_too_large, broken_file, unsupported_table
/// (a Delta table), header_differs, schema_mismatch.
Result<std::unique_ptr<FilesSource>> make_files_source(FilesSourceOptions options, std::shared_ptr<storage::Store> store);

}  // namespace laketide
