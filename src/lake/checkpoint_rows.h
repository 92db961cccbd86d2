// The rows of a checkpoint as Arrow.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <arrow/type_fwd.h>

#include "lake/actions.h"
#include "laketide/status.h"

namespace arrow {
class RecordBatchBuilder;
}

namespace laketide::lake {

/// One nullable struct column per kind of action (protocol: "Checkpoint Schema").
std::shared_ptr<arrow::Schema> checkpoint_schema();

/// Gathers actions into batches of checkpoint_schema(). Confined to its task.
class CheckpointRows {
 public:
  using Take = std::function<Status(const arrow::RecordBatch&)>;
  explicit CheckpointRows(Take take);
  ~CheckpointRows();

  /// One row; hands a batch on when enough have come together.
  Status append(const Action& action);
  /// Hands on the rest.
  Status flush();
  int64_t rows() const { return rows_; }

 private:
  Take take_;
  std::unique_ptr<arrow::RecordBatchBuilder> builder_;
  int64_t rows_ = 0, pending_ = 0;
};

}  // namespace laketide::lake
