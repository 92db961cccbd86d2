// Rows that wait for the epoch's border: the end of a lane's part of a query that remembers.
#pragma once

#include <memory>
#include <vector>

#include "flow/batch.h"
#include "flow/sink.h"

namespace laketide {

/// What one lane collected in one epoch, in the order it came. Confined to its task.
class CollectedRows final : public Staged {
 public:
  void add(Batch batch);
  int64_t rows() const override { return rows_; }
  int64_t bytes() const override { return bytes_; }
  std::vector<Batch> take();

 private:
  std::vector<Batch> batches_;
  int64_t rows_ = 0;
  int64_t bytes_ = 0;
};

/// A writer that keeps rows in memory; what it stages is a CollectedRows.
std::unique_ptr<Writer> make_collector();

}  // namespace laketide
