#include "execution/epoch_commit.h"

#include <gtest/gtest.h>

#include "support/counted_syncs.h"
#include "support/temp_dir.h"

namespace laketide {
namespace {

/// A sink that says how often the ledger was synced when it committed. Caller synchronises.
class WatchingSink final : public Sink {
 public:
  WatchingSink(std::string id, bool keeps_progress) : id_(std::move(id)), keeps_progress_(keeps_progress) {}
  const std::string& id() const override { return id_; }
  bool keeps_progress() const override { return keeps_progress_; }
  Result<Progress> claim(const Wait&) override { return Progress{}; }
  Status bind(const Schema&, const Wait&) override { return {}; }
  Result<std::unique_ptr<Writer>> open(Context&) override { return Status::internal("unused", id_); }
  Status prepare(const EpochPlan&, std::span<const std::unique_ptr<Staged>>, const Wait&) override { return {}; }
  Result<Commit> commit(const EpochPlan&, const Wait&) override {
    at_commit = CountedSyncs::count();
    return Commit{};
  }
  Status abandon(EpochId, const Wait&) override { return {}; }

  int at_commit = 0;

 private:
  std::string id_;
  bool keeps_progress_;
};

/// Syncs of one epoch before the sinks commit, and after. `quarantined`: a stage that the plan does not name.
std::pair<int, int> syncs_of_an_epoch(std::vector<bool> keep_progress, bool quarantined = false) {
  CountedSyncs syncs;
  TempDir dir;
  const auto ledger = Ledger::open(dir.path() + "/state").value();
  std::vector<std::unique_ptr<WatchingSink>> sinks;
  std::vector<SinkStage> stages;
  EpochPlan plan;
  plan.pipeline = "p";
  if (quarantined) stages.push_back({sinks.emplace_back(std::make_unique<WatchingSink>("quarantine", true)).get(), {}});
  for (const bool keeps : keep_progress) {
    plan.sinks.push_back("s" + std::to_string(plan.sinks.size()));
    stages.push_back({sinks.emplace_back(std::make_unique<WatchingSink>(plan.sinks.back(), keeps)).get(), {}});
  }
  const int before = syncs.count();
  const auto done = commit_epoch(plan, stages, *ledger, [] { return Status(); }, [](const auto&) { return std::string("{}"); }, {});
  EXPECT_TRUE(done.ok()) << done.status().to_string();
  EXPECT_TRUE(ledger->last_epoch("p")->value().committed);
  return {sinks.back()->at_commit - before, syncs.count() - sinks.back()->at_commit};
}

using Syncs = std::pair<int, int>;

TEST(EpochCommit, several_sinks_find_the_plan_after_a_power_loss) { EXPECT_EQ(syncs_of_an_epoch({true, true}), Syncs(1, 0)); }
TEST(EpochCommit, a_sink_that_is_alone_says_itself_what_it_has) { EXPECT_EQ(syncs_of_an_epoch({true}), Syncs(0, 1)); }
TEST(EpochCommit, beside_the_quarantine_plan_and_record_are_synced) { EXPECT_EQ(syncs_of_an_epoch({true}, true), Syncs(1, 1)); }
TEST(EpochCommit, for_a_sink_without_progress_the_ledger_speaks) { EXPECT_EQ(syncs_of_an_epoch({false}), Syncs(1, 1)); }

}  // namespace
}  // namespace laketide
