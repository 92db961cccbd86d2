#include "execution/part.h"

namespace laketide {

TaskStep Part::run(const Quantum& quantum) {
  do {
    if (stop_.load(std::memory_order_acquire)) return end({});
    const Result<Step> step = advance();
    if (!step.ok()) return end(step.status());
    if (*step == Step::kBlocked) return TaskStep::kBlocked;
  } while (!quantum.over());
  return TaskStep::kMore;
}

void Part::gone() {
  if (ended_) return;
  (void)end(Status::internal("run_broken", "an exception ended a part of this run; the log has its words. Report it, and start the run again: the " + name_ + " of pipeline " + pipeline_));
}

TaskStep Part::end(const Status& status) {
  ended_ = true;
  if (!status.ok()) host_->part_failed(status);
  host_->part_ended(take_parts());
  return TaskStep::kDone;
}

}  // namespace laketide
