#include "execution/reject_outlet.h"

#include <utility>

#include "base/failpoint.h"
#include "flow/quarantine_rows.h"

namespace laketide {

namespace {
constexpr size_t kBytesMax = 1 << 20;  // kept before they are handed to the quarantine's writer
}

RejectOutlet::RejectOutlet(BadRecordPolicy policy, Writer* quarantine, std::string pipeline, const Clock* clock)
    : policy_(policy), quarantine_(quarantine), pipeline_(std::move(pipeline)), clock_(clock) {}

Result<int64_t> RejectOutlet::settle(EpochId open) {
  const auto fresh = static_cast<int64_t>(rejects_.size() - settled_);
  settled_ = rejects_.size();
  if (settled_ == 0) return fresh;
  if (policy_ == BadRecordPolicy::kFail) {
    const Reject first = std::move(rejects_.take().front());
    return Status::user("bad_record", first.code + ": " + first.reason + " (" + first.topic + "/" + std::to_string(first.partition) +
                                          " offset " + std::to_string(first.offset.value) + ")");
  }
  if (policy_ == BadRecordPolicy::kDrop) {
    (void)rejects_.take();
    settled_ = 0;
    return fresh;
  }
  if (rejects_.bytes() > kBytesMax) LT_RETURN_IF_ERROR(write(open));
  return fresh;
}

Result<Step> RejectOutlet::end_epoch(EpochId epoch, std::unique_ptr<Staged>& staged) {
  if (!quarantine_) return Step::kDone;
  LT_RETURN_IF_ERROR(write(epoch));
  return quarantine_->end_epoch(epoch, staged, rejects_);
}

Status RejectOutlet::write(EpochId open) {
  settled_ = 0;
  const auto list = rejects_.take();
  if (list.empty() || !quarantine_) return {};  // it has the epoch that is run again
  if (LT_SEEDED_BUG("epoch.prepare.before", "drop_rejects")) return {};
  LT_ASSIGN_OR_RETURN(const Batch rows, to_batch(list, pipeline_, open, clock_->now()));
  LT_ASSIGN_OR_RETURN(const Step step, quarantine_->write(rows, rejects_));
  if (step != Step::kReady) return Status::internal("quarantine_blocked", "the quarantine's writer did not take its rows");
  return {};
}

}  // namespace laketide
