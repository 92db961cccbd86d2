// The operators and the writer behind one decoder: rows of a lane on their way to one sink.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "flow/operator.h"
#include "flow/sink.h"

namespace laketide {

/// Calls operators one after another and hands what comes out to the writer. If the writer is full it keeps what is left and
/// goes on at the next call. Confined to its task.
class Chain {
 public:
  Chain(std::vector<std::unique_ptr<Operator>> operators, std::unique_ptr<Writer> writer);

  /// Ready: all of `batch` (may be null) and of what was kept before is with the writer. Blocked: call again with null.
  /// `port`: of the first operator.
  Result<Step> feed(Batch batch, Rejects& rejects, Port port = 0);
  /// The epoch's border. Done: `staged` is set. More, Blocked: call again; what an operator gives comes in portions.
  Result<Step> end_epoch(const EpochInfo& epoch, std::unique_ptr<Staged>& staged, Rejects& rejects);
  /// Rows that the writer took since the last end of an epoch.
  int64_t rows_out() const { return rows_out_; }

 private:
  Status pass_on(Batch batch, size_t from, Rejects& rejects, Port port = 0);
  Status flush_some(const EpochInfo& epoch, Rejects& rejects);
  Result<Step> write_kept(Rejects& rejects);

  std::vector<std::unique_ptr<Operator>> operators_;
  std::unique_ptr<Writer> writer_;
  std::deque<Batch> kept_;
  size_t flushed_ = 0;  // of the operators, those that have given what they held back for the epoch that ends
  int64_t rows_out_ = 0;
};

}  // namespace laketide
