#include "execution/epoch_commit.h"

#include "base/failpoint.h"

namespace laketide {

Result<std::vector<Commit>> commit_epoch(const EpochPlan& plan, std::vector<SinkStage>& stages, Ledger& ledger,
                                         const Decide& decide, const MakeReceipt& make_receipt, const Wait& wait) {
  for (auto& stage : stages) {
    LT_FAILPOINT("epoch.prepare.before");
    LT_RETURN_IF_ERROR(stage.sink->prepare(plan, stage.staged, wait).in(stage.sink->id()));
  }
  LT_FAILPOINT("epoch.prepared");
  LT_RETURN_IF_ERROR(decide());
  LT_RETURN_IF_ERROR(ledger.plan_epoch(plan.pipeline, plan.epoch, plan.to_json()));
  LT_FAILPOINT("epoch.planned");
  std::vector<Commit> commits;
  for (auto& stage : stages) {
    auto committed = stage.sink->commit(plan, wait);
    if (!committed.ok()) return committed.status().in(stage.sink->id());
    commits.push_back(std::move(committed).value());
    LT_FAILPOINT("epoch.sink_committed");
  }
  LT_RETURN_IF_ERROR(ledger.commit_epoch(plan.pipeline, plan.epoch, plan.to_json(), make_receipt(commits)));
  LT_FAILPOINT("epoch.committed");
  return commits;
}

}  // namespace laketide
