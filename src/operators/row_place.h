// Where the rows of a batch came from, for those that are refused.
#pragma once

#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "expr/row_error.h"
#include "flow/rejects.h"

namespace laketide {

/// What is the same for all rows of a chain. `topic` counts where the batch has no column `_topic`. Immutable.
struct RowOrigin {
  std::string source;
  std::string topic;
};

/// Makes refused rows out of a batch's rows. The place comes from the columns `_topic`, `_partition`, `_offset`, `_timestamp` as far
/// as the batch has them, the bytes from `_key` and `_value`; what it has not stays empty, and a quarantine reads the record again
/// by its place. Confined to its task.
class RowPlace {
 public:
  RowPlace(const arrow::Schema& input, RowOrigin origin);

  void refuse(const arrow::RecordBatch& batch, const expr::RowErrors& errors, Rejects& rejects) const;
  /// One row as a reject without stage, code and reason.
  Reject place(const arrow::RecordBatch& batch, int64_t row) const;

 private:

  RowOrigin origin_;
  int topic_, partition_, offset_, timestamp_, key_, value_;  // positions in the batch; -1: not there
};

/// The hidden columns a chain asks for when one of its expressions can fail.
std::vector<std::string> place_columns(const RowOrigin& origin);

}  // namespace laketide
