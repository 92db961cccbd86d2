// Contents of one static table on disk, each at a version.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "laketide/status.h"
#include "storage/store.h"

namespace laketide::state {

/// `checksum` is of the rows as they are written: equal contents have equal ones. Immutable.
struct SavedContent {
  uint64_t checksum = 0;
  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::shared_ptr<arrow::RecordBatch>> rows;
};

/// `<directory>/<version, 19 digits>.table`: magic "LTTABLE\n", checksum u64 (XXH64, little-endian), an Arrow IPC stream. A file that has
/// its name is whole and durable. Calls may block. Caller synchronises.
class TableFiles {
 public:
  TableFiles(std::string directory, std::shared_ptr<storage::Store> store) : directory_(std::move(directory)), store_(std::move(store)) {}

  /// Content as bytes, and its checksum.
  static Result<std::string> packed(const std::shared_ptr<arrow::Schema>& schema, const std::vector<std::shared_ptr<arrow::RecordBatch>>& rows, uint64_t& checksum);

  Status write(int64_t version, const std::string& packed);
  /// None: it is not there. Fails `kUser` state_corrupt.
  Result<std::optional<SavedContent>> read(int64_t version, arrow::MemoryPool* memory) const;
  /// Ascending.
  Result<std::vector<int64_t>> versions() const;
  Status forget_below(int64_t version);

 private:
  std::string path_of(int64_t version) const;

  const std::string directory_;
  const std::shared_ptr<storage::Store> store_;
};

}  // namespace laketide::state
