#include "execution/epoch_commit.h"

#include "base/failpoint.h"

namespace laketide {
namespace {

struct Syncs {
  Durable plan = Durable::kNow;
  Durable record = Durable::kNow;
};

Syncs syncs_of(const EpochPlan& plan, const std::vector<SinkStage>& stages) {
  if (plan.sinks.size() > 1) return {.record = Durable::kWithNext};
  if (stages.size() == 1 && stages.front().sink->keeps_progress()) return {.plan = Durable::kWithNext};
  return {};
}

}  // namespace

Result<std::vector<Commit>> commit_epoch(const EpochPlan& plan, std::vector<SinkStage>& stages, Ledger& ledger,
                                         const Decide& decide, const MakeReceipt& make_receipt, const Wait& wait,
                                         EpochMetrics* metrics) {
  using Phase = EpochMetrics::Phase;
  const auto over = [metrics](Phase phase) {
    if (metrics != nullptr) metrics->end(phase);
  };
  if (metrics != nullptr) metrics->begin(plan.opened_at);
  const std::string text = plan.to_json();
  for (auto& stage : stages) {
    LT_FAILPOINT("epoch.prepare.before");
    LT_RETURN_IF_ERROR(stage.sink->prepare(plan, stage.staged, wait).in(stage.sink->id()));
  }
  over(Phase::kPrepare);
  LT_FAILPOINT("epoch.prepared");
  LT_RETURN_IF_ERROR(decide());
  const Syncs syncs = syncs_of(plan, stages);
  LT_RETURN_IF_ERROR(ledger.plan_epoch(plan.pipeline, plan.epoch, text, syncs.plan));
  over(Phase::kPlan);
  LT_FAILPOINT("epoch.planned");
  if (LT_SEEDED_BUG("epoch.planned", "ledger_first")) {
    LT_RETURN_IF_ERROR(ledger.commit_epoch(plan.pipeline, plan.epoch, text, make_receipt(std::vector<Commit>(stages.size()))));
  }
  std::vector<Commit> commits;
  for (auto& stage : stages) {
    auto committed = stage.sink->commit(plan, wait);
    if (!committed.ok()) return committed.status().in(stage.sink->id());
    if (metrics != nullptr) metrics->committed(stage.sink->id(), *committed);
    commits.push_back(std::move(committed).value());
    LT_FAILPOINT("epoch.sink_committed");
  }
  over(Phase::kCommit);
  LT_RETURN_IF_ERROR(ledger.commit_epoch(plan.pipeline, plan.epoch, text, make_receipt(commits), syncs.record));
  over(Phase::kRecord);
  LT_FAILPOINT("epoch.committed");
  return commits;
}

}  // namespace laketide
