// The seam to what changes rows between decoding and writing.
#pragma once

#include "flow/batch.h"
#include "flow/epoch.h"
#include "flow/rejects.h"
#include "flow/step.h"
#include "laketide/status.h"

namespace laketide {

/// Input of an operator that has several; 0 where it has one.
using Port = int;

/// One step of a lane's chain. Confined to its task.
class Operator {
 public:
  virtual ~Operator() = default;
  /// Takes `in`, gives `out` (null: no rows). More: call again with the same input, there is more output.
  virtual Result<Step> process(Port port, const Batch& in, Batch& out, Rejects& rejects) = 0;
  /// The epoch's border: gives what the operator held back for it. More: call again.
  virtual Result<Step> end_epoch(const EpochInfo& epoch, Batch& out) = 0;
  /// The same, asked by what stands around the operator: one that has others inside passes what they refuse on.
  virtual Result<Step> finish_epoch(const EpochInfo& epoch, Batch& out, Rejects&) { return end_epoch(epoch, out); }
};

}  // namespace laketide
