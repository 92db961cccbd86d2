// A text file cut into records.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "laketide/status.h"
#include "storage/store.h"

namespace laketide {

/// How records are told apart: by line ends, CR LF or LF; with `quoted`, those inside a value in double quotes belong to it (RFC 4180).
/// Lines without a letter are no records. Immutable.
struct TextShape {
  bool quoted = false;
  char delimiter = ',';
  bool header = false;  // the first record has the columns' names
};

/// Some records. The views live as long as `bytes`, behind which TextFile::kPadding more can be read. Confined to its task.
struct TextBlock {
  std::unique_ptr<std::string> bytes;
  std::vector<std::string_view> records;
};

/// Reads a file from its beginning, a block at a time. Failures: `kUser` compressed_file, record_too_large, or the store's. Caller
/// synchronises.
class TextFile {
 public:
  static constexpr size_t kRecordBytesMax = 16 << 20;
  static constexpr uint32_t kPadding = 64;  // what can be read behind a block: simdjson does

  static Result<std::unique_ptr<TextFile>> open(storage::Store& store, const std::string& path, const TextShape& shape);
  /// The record with the names, once the first block was read; empty: none, or no header.
  const std::string& header() const { return header_; }
  /// False: all records were given. A block may be without records.
  Result<bool> next(TextBlock& out);

 private:
  TextFile(std::unique_ptr<storage::FileReader> file, std::string path, const TextShape& shape);
  /// Cuts what is complete; the number of bytes that are done with.
  size_t cut(std::string_view bytes, bool is_last, std::vector<std::string_view>& records) const;

  std::unique_ptr<storage::FileReader> file_;
  const std::string path_;
  const TextShape shape_;
  std::string header_;
  bool header_is_due_ = false;
  std::string rest_;  // of a record whose end is in the next block
  int64_t at_ = 0;
};

}  // namespace laketide
