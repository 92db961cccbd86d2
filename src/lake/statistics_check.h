// Whether what the log says of a file's values is true.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "laketide/status.h"

namespace laketide::lake {

/// A statement of `add.stats` that the file belies. Immutable.
struct FalseStatement {
  std::string code;  // wrong_row_count | false_bound | wrong_null_count | broken_statistics
  std::string detail;
};

/// Compares `add.stats` with the file's rows, given batch by batch. A bound may be wider than the values, never narrower;
/// the maximum of a timestamp may stop short of it by less than a millisecond (protocol: "Timestamp truncation").
/// Confined to its task.
class StatisticsCheck {
 public:
  /// `schema`: the table's.
  StatisticsCheck(const std::string& stats, const arrow::Schema& schema);
  ~StatisticsCheck();
  Status add(const arrow::RecordBatch& batch);
  std::vector<FalseStatement> finish() const;

 private:
  class Leaf;
  std::vector<std::unique_ptr<Leaf>> leaves_;
  std::vector<FalseStatement> broken_;
  int64_t rows_said_ = -1, rows_ = 0;
};

}  // namespace laketide::lake
