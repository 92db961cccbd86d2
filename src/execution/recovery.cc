#include "execution/recovery.h"

#include <algorithm>

#include "base/failpoint.h"

namespace laketide {
namespace {

std::string describe(const Positions& positions) {
  std::string text;
  for (const auto& [place, next] : positions) {
    text += (text.empty() ? "" : ", ") + place.topic + "/" + std::to_string(place.partition) + " from " + std::to_string(next.value);
  }
  return text.empty() ? "everything" : text;
}

Status behind(const std::string& pipeline, const ClaimedSink& sink, EpochId newest) {
  const auto& has = sink.progress.epoch;
  return Status::user("sink_behind",
                      "a sink has " + (has ? "only epoch " + std::to_string(has->value) : std::string("lost all epochs")) +
                          " although others are at epoch " + std::to_string(newest.value) +
                          "; put its table back, or reset the pipeline to write everything again under a new generation. Pipeline " +
                          pipeline + ", sink " + sink.id + ", it lacks " + describe(sink.progress.next));
}

bool has_part(const std::optional<EpochPlan>& plan, const std::string& sink) {
  return plan && std::ranges::find(plan->sinks, sink) != plan->sinks.end();
}

/// The newest epoch that is durable anywhere.
std::optional<EpochId> newest_epoch(const LedgerView& ledger, const std::vector<ClaimedSink>& sinks) {
  std::optional<EpochId> newest;
  if (ledger.newest) newest = ledger.newest->epoch;
  for (const auto& sink : sinks) {
    if (sink.progress.epoch && (!newest || *sink.progress.epoch > *newest)) newest = sink.progress.epoch;
  }
  return newest;
}

/// The plan of `epoch`: a sink that committed it is right about it, then the ledger.
Result<std::optional<EpochPlan>> plan_of(EpochId epoch, const LedgerView& ledger, const std::vector<ClaimedSink>& sinks) {
  std::string text;
  if (ledger.newest && ledger.newest->epoch == epoch) text = ledger.newest->plan;
  for (const auto& sink : sinks) {
    if (sink.progress.epoch == epoch && !sink.progress.plan.empty()) text = sink.progress.plan;
  }
  if (text.empty()) return std::optional<EpochPlan>();
  LT_ASSIGN_OR_RETURN(EpochPlan plan, EpochPlan::from_json(text));
  return std::optional<EpochPlan>(std::move(plan));
}

/// True if the ledger saw `sink` take part in a committed epoch.
Result<bool> known(const LedgerView& ledger, const std::string& sink) {
  if (!ledger.committed) return false;
  LT_ASSIGN_OR_RETURN(EpochPlan plan, EpochPlan::from_json(ledger.committed->plan));
  return has_part(plan, sink);
}

Positions positions_after(const std::optional<EpochPlan>& plan, EpochId newest, const std::vector<ClaimedSink>& sinks) {
  if (plan) return plan->next;
  for (const auto& sink : sinks) {
    if (sink.progress.epoch == newest) return sink.progress.next;
  }
  return {};
}

}  // namespace

Result<Recovery> recover(const std::string& pipeline, const LedgerView& ledger, const std::vector<ClaimedSink>& sinks) {
  Recovery out;
  const auto newest = newest_epoch(ledger, sinks);
  if (!newest) return out;
  LT_ASSIGN_OR_RETURN(auto plan, plan_of(*newest, ledger, sinks));
  const bool recorded = ledger.newest && ledger.newest->epoch == *newest && ledger.newest->committed;
  for (const auto& sink : sinks) {
    const Progress& has = sink.progress;
    if (has.epoch == newest) continue;
    if (!sink.keeps_progress) {  // the ledger speaks for it
      if (!recorded && has_part(plan, sink.id)) out.lacking.push_back(sink.id);
      continue;
    }
    LT_ASSIGN_OR_RETURN(const bool was_known, known(ledger, sink.id));
    const bool never = !has.epoch && !was_known;
    if (never && plan && !has_part(plan, sink.id)) continue;  // added since: it starts at the next offset
    if (recorded) return behind(pipeline, sink, *newest);
    const bool one_behind = has.epoch ? after(*has.epoch) == *newest : never;
    if (!one_behind) return behind(pipeline, sink, *newest);
    if (!plan) {
      return Status::user("plan_lost", "a sink lacks an epoch whose plan is in no sink and not in the ledger; reset the pipeline. Sink " +
                                           sink.id + ", epoch " + std::to_string(newest->value));
    }
    out.lacking.push_back(sink.id);
  }
  out.next = after(*newest);
  out.record = !recorded;
  out.positions = positions_after(plan, *newest, sinks);
  if (LT_SEEDED_BUG("state.write.after", "old_state") && plan) plan->state_version = plan->state_base;
  if (out.lacking.empty()) {
    out.last = std::move(plan);
  } else {
    out.replay = std::move(plan);
  }
  return out;
}

Result<Recovery> recover_job(const std::string& line, std::optional<EpochId> first, const LedgerView& ledger,
                             const std::vector<ClaimedSink>& sinks) {
  const auto newest = newest_epoch(ledger, sinks);
  const EpochId begin = first ? *first : newest ? after(*newest) : EpochId(0);
  LedgerView own;
  if (ledger.newest && ledger.newest->epoch >= begin) own.newest = ledger.newest;
  if (ledger.committed && ledger.committed->epoch >= begin) own.committed = ledger.committed;
  std::vector<ClaimedSink> mine = sinks;
  for (auto& sink : mine) {
    if (sink.progress.epoch && *sink.progress.epoch >= begin) continue;
    sink.progress.epoch.reset();
    sink.progress.next.clear();
    sink.progress.plan.clear();
  }
  LT_ASSIGN_OR_RETURN(Recovery recovery, recover(line, own, mine));
  recovery.next = std::max(recovery.next, begin);
  return recovery;
}

}  // namespace laketide
