// One lane's rows into data files of a table.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "flow/sink.h"
#include "lake/data_writer.h"
#include "sinks/delta/row_shape.h"

namespace laketide {

/// Files that are complete and unknown to the table. Destroyed without a commit they stay until an abandon or a claim.
/// Confined to its task.
class DeltaStaged final : public Staged {
 public:
  explicit DeltaStaged(std::vector<lake::DataFile> list);
  int64_t rows() const override { return rows_; }
  int64_t bytes() const override { return bytes_; }
  /// Mutable, because preparing them syncs and closes them.
  std::vector<lake::DataFile>& files() { return files_; }
  const std::vector<lake::DataFile>& files() const { return files_; }

 private:
  std::vector<lake::DataFile> files_;
  int64_t rows_ = 0;
  int64_t bytes_ = 0;
};

/// Refuses rows that the sink's mode has no use for (flow/change_column.h).
using CheckRows = std::function<Status(const arrow::RecordBatch&)>;

/// `open_epoch` is shared with the function that names new files, so that a name tells the epoch it was written for.
std::unique_ptr<Writer> make_delta_writer(RowShape shape, std::unique_ptr<lake::DataWriter> files, CheckRows check, std::shared_ptr<EpochId> open_epoch);

}  // namespace laketide
