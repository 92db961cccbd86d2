// What tests of a run stand on: a real ledger and a real scheduler, and sinks and a topic in memory that outlive the run.
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "execution/run.h"
#include "support/memory_pipeline.h"
#include "support/temp_dir.h"

namespace laketide {

using PipelineRun = Run;  // ::testing::Test has a member of the short name
using MemoryRows = std::vector<std::pair<std::pair<int, int64_t>, std::string>>;

/// Topic "t" of three partitions; tables by the id of their sink. Caller synchronises.
class RunFixture : public ::testing::Test {
 protected:
  void SetUp() override { open_ledger(); }
  void TearDown() override { Failpoint::disarm_all(); }

  void open_ledger() {
    ledger_.reset();
    auto opened = Ledger::open(dir_.path() + "/state");
    ASSERT_TRUE(opened.ok()) << opened.status().to_string();
    ledger_ = std::move(opened).value();
  }
  void lose_ledger() {
    ledger_.reset();
    std::filesystem::remove_all(dir_.path() + "/state");
    open_ledger();
  }

  /// Everything but what tells a stream from a job.
  RunSpec bare_spec(const std::vector<std::string>& sinks) {
    RunSpec spec;
    spec.pipeline = "p";
    spec.run_id = "run";
    spec.metrics = metrics_;
    RunSource& in = spec.sources.emplace_back();
    in.name = "in";
    in.source = make_memory_source(topic_);
    in.make_format = [](const std::string&) -> Result<std::shared_ptr<Format>> { return make_memory_format(); };
    spec.plan = plan_of(sinks.size(), [] { return nullptr; });
    for (const auto& id : sinks) spec.sinks.push_back(make_memory_sink(id, table(id)));
    spec.bad_records = BadRecordPolicy::kDrop;
    spec.interval = std::chrono::milliseconds(0);
    spec.lanes_max = 2;
    return spec;
  }

  /// Every sink gets the source's rows through an operator that `make` makes; null: through none.
  static std::function<Result<ChainPlan>(const Schemas&)> plan_of(size_t sinks, std::function<std::unique_ptr<Operator>()> make) {
    return [sinks, make](const Schemas& schemas) -> Result<ChainPlan> {
      ChainPlan plan;
      const Schema schema = schemas.at("in");
      plan.inputs["in"].columns = schema;
      const auto operators = [make](const std::string&, Context&) -> Result<ChainPlan::Operators> {
        ChainPlan::Operators list;
        if (auto one = make()) list.push_back(std::move(one));
        return list;
      };
      plan.branches.assign(sinks, ChainPlan::Branch{schema, std::nullopt, {"in"}, operators});
      return plan;
    };
  }

  std::shared_ptr<MemoryTable> table(const std::string& id) {
    auto& slot = tables_[id];
    if (!slot) slot = std::make_shared<MemoryTable>();
    return slot;
  }
  MemoryRows rows_of(const std::string& id) {
    auto held = table(id);
    std::lock_guard lock(held->mutex);
    MemoryRows rows = held->rows;
    std::ranges::sort(rows);
    return rows;
  }
  void fill(int partition, int count) {
    for (int i = 0; i < count; ++i) topic_->append(partition, "v" + std::to_string(partition) + "-" + std::to_string(i));
  }

  std::shared_ptr<PipelineRun> start(RunSpec spec) {
    return PipelineRun::start(std::move(spec), *ledger_, *scheduler_, [this](const RunView& view) { ended_ = view; }, rested_);
  }
  bool rest(const std::shared_ptr<PipelineRun>& run) {
    return rested_->wait_until(std::chrono::steady_clock::now() + std::chrono::seconds(20), [&] { return run->at_rest(); });
  }
  /// False if it is not so within 20 s.
  static bool eventually(const std::function<bool()>& done) {
    Signal never;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      never.wait(std::chrono::steady_clock::now() + std::chrono::milliseconds(2));
    }
    return true;
  }
  /// Waits until the run has committed everything that is in the topic now, or is at rest.
  bool caught_up(const std::shared_ptr<PipelineRun>& run) {
    (void)eventually([&] { return run->at_rest() || has_all(run); });
    return has_all(run);
  }
  bool has_all(const std::shared_ptr<PipelineRun>& run) {
    const RunView view = run->view();
    const auto bounds = topic_->bounds();
    return view.epoch.value >= 0 && std::ranges::all_of(bounds, [&](const auto& one) {
             const auto at = view.committed.find(one.first);
             return at != view.committed.end() && at->second == one.second.high;
           });
  }

  TempDir dir_;
  std::unique_ptr<Scheduler> scheduler_ = make_scheduler({.workers = 2});
  std::unique_ptr<Ledger> ledger_;
  std::shared_ptr<Metrics> metrics_ = make_metrics();
  std::shared_ptr<Signal> rested_ = std::make_shared<Signal>();
  std::shared_ptr<MemoryTopic> topic_ = std::make_shared<MemoryTopic>(3);
  std::map<std::string, std::shared_ptr<MemoryTable>> tables_;
  RunView ended_;  // what the last one that ended said; to be read when it is at rest
};

}  // namespace laketide
