// Where refused records of one lane or tail go, by the pipeline's policy.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "flow/rejects.h"
#include "flow/sink.h"
#include "laketide/status.h"

namespace laketide {

/// What to do with records that cannot be decoded, evaluated or written.
enum class BadRecordPolicy { kQuarantine, kDrop, kFail };

/// Rejects since they were last settled, and the writer of the quarantine behind them. Confined to its task.
class RejectOutlet {
 public:
  /// `quarantine` outlives this object; null unless the policy is kQuarantine, and where the quarantine has the epoch already.
  RejectOutlet(BadRecordPolicy policy, Writer* quarantine, std::string pipeline, const Clock* clock);

  Rejects& rejects() { return rejects_; }
  bool has_quarantine() const { return quarantine_ != nullptr; }
  /// Of `rejects()`, those that were settled before and are still held.
  size_t settled() const { return settled_; }
  /// Deals with what was refused since the last call, and says how many that were. Fails `kUser` `bad_record` under kFail.
  Result<int64_t> settle(EpochId open);
  /// The epoch's border. Done: `staged` is set if there is a quarantine.
  Result<Step> end_epoch(EpochId epoch, std::unique_ptr<Staged>& staged);

 private:
  Status write(EpochId open);

  const BadRecordPolicy policy_;
  Writer* const quarantine_;
  const std::string pipeline_;
  const Clock* const clock_;
  Rejects rejects_;
  size_t settled_ = 0;
};

}  // namespace laketide
