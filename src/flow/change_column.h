// The hidden column `_change` of a batch, read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "flow/batch.h"
#include "flow/change.h"
#include "laketide/status.h"

namespace laketide {

/// What each row of a batch does; without the column all are inserts. Holds the column, not the batch. Immutable.
class ChangeColumn {
 public:
  explicit ChangeColumn(const arrow::RecordBatch& batch);
  bool present() const { return values_ != nullptr; }
  Change at(int64_t row) const { return values_ == nullptr ? Change::kInsert : static_cast<Change>(values_[row]); }
  bool any(Change change) const;

 private:
  std::shared_ptr<arrow::Array> column_;
  const int8_t* values_ = nullptr;
  int64_t rows_ = 0;
};

/// For sinks that only add rows: fails `kUser` `needs_upsert` if a row of `batch` is an update or a delete.
Status check_only_inserts(const arrow::RecordBatch& batch, const std::string& sink);
/// For sinks that replace all they have: fails `kUser` `needs_upsert` if a row of `batch` is a delete.
Status check_no_deletes(const arrow::RecordBatch& batch, const std::string& sink);

}  // namespace laketide
