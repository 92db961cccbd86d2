#include "execution/recovery.h"

#include <gtest/gtest.h>

namespace laketide {
namespace {

const SourcePartition kPlace{"events", "events", 0};

EpochPlan plan_of(int64_t epoch, std::vector<std::string> sinks) {
  EpochPlan plan;
  plan.pipeline = "p";
  plan.epoch = EpochId(epoch);
  plan.ranges[kPlace] = Range{NextOffset(epoch * 10), NextOffset(epoch * 10 + 10)};
  plan.next[kPlace] = NextOffset(epoch * 10 + 10);
  plan.sinks = std::move(sinks);
  return plan;
}

/// A sink at `epoch`, with that epoch's plan inside, as both exactly-once sinks have it.
ClaimedSink at(const std::string& id, int64_t epoch, std::vector<std::string> sinks = {"a", "b"}) {
  Progress progress;
  progress.generation = Generation(2);
  progress.epoch = EpochId(epoch);
  progress.next[kPlace] = NextOffset(epoch * 10 + 10);
  progress.plan = plan_of(epoch, std::move(sinks)).to_json();
  return {id, progress};
}
ClaimedSink without_progress(const std::string& id) { return {id, Progress{Generation(1), {}, {}, {}}}; }

LedgerView planned(int64_t epoch, std::vector<std::string> sinks = {"a", "b"}) {
  LedgerView view;
  view.newest = EpochRow{"p", EpochId(epoch), plan_of(epoch, sinks).to_json(), false, ""};
  if (epoch > 0) view.committed = EpochRow{"p", EpochId(epoch - 1), plan_of(epoch - 1, sinks).to_json(), true, "{}"};
  return view;
}
LedgerView committed(int64_t epoch, std::vector<std::string> sinks = {"a", "b"}) {
  LedgerView view;
  view.newest = EpochRow{"p", EpochId(epoch), plan_of(epoch, std::move(sinks)).to_json(), true, "{}"};
  view.committed = view.newest;
  return view;
}

TEST(Recovery, nothing_anywhere_starts_at_epoch_0) {
  const auto r = recover("p", {}, {without_progress("a"), without_progress("b")});
  ASSERT_TRUE(r.ok()) << r.status().to_string();
  EXPECT_EQ(r->next, EpochId(0));
  EXPECT_FALSE(r->replay);
  EXPECT_TRUE(r->positions.empty());
}

TEST(Recovery, all_agree_goes_on_with_the_next) {
  const auto r = recover("p", committed(4), {at("a", 4), at("b", 4)});
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r->next, EpochId(5));
  EXPECT_EQ(r->positions.at(kPlace), NextOffset(50));
  EXPECT_FALSE(r->replay);
  EXPECT_FALSE(r->record);
}

TEST(Recovery, planned_but_in_no_sink_is_run_again_into_all) {
  const auto r = recover("p", planned(4), {at("a", 3), at("b", 3)});
  ASSERT_TRUE(r.ok());
  ASSERT_TRUE(r->replay);
  EXPECT_EQ(r->replay->ranges.at(kPlace).start, NextOffset(40));
  EXPECT_EQ(r->lacking, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(r->next, EpochId(5));
}

TEST(Recovery, between_two_commits_only_the_second_sink_gets_it_again) {
  const auto r = recover("p", planned(4), {at("a", 4), at("b", 3)});
  ASSERT_TRUE(r.ok());
  ASSERT_TRUE(r->replay);
  EXPECT_EQ(r->lacking, std::vector<std::string>{"b"});
}

TEST(Recovery, committed_everywhere_but_not_in_the_ledger_is_recorded) {
  const auto r = recover("p", planned(4), {at("a", 4), at("b", 4)});
  ASSERT_TRUE(r.ok());
  EXPECT_FALSE(r->replay);
  EXPECT_TRUE(r->record);
  EXPECT_EQ(r->last->epoch, EpochId(4));
  EXPECT_EQ(r->positions.at(kPlace), NextOffset(50));
}

TEST(Recovery, lost_ledger_continues_from_the_sinks) {
  const auto r = recover("p", {}, {at("a", 4), at("b", 4)});
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r->next, EpochId(5));
  EXPECT_EQ(r->positions.at(kPlace), NextOffset(50));
  EXPECT_TRUE(r->record);
}

TEST(Recovery, lost_ledger_and_one_sink_behind_replays_from_the_other_sinks_plan) {
  const auto r = recover("p", {}, {at("a", 4), at("b", 3)});
  ASSERT_TRUE(r.ok());
  ASSERT_TRUE(r->replay);
  EXPECT_EQ(r->lacking, std::vector<std::string>{"b"});
}

TEST(Recovery, ledger_restored_from_a_backup_follows_the_sinks) {
  const auto r = recover("p", committed(2), {at("a", 7), at("b", 7)});
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r->next, EpochId(8));
  EXPECT_TRUE(r->record);
}

TEST(Recovery, first_epoch_in_one_sink_only) {
  const auto r = recover("p", planned(0), {at("a", 0), without_progress("b")});
  ASSERT_TRUE(r.ok()) << r.status().to_string();
  ASSERT_TRUE(r->replay);
  EXPECT_EQ(r->lacking, std::vector<std::string>{"b"});
}

TEST(Recovery, sink_more_than_one_epoch_behind_is_refused_with_its_ranges) {
  const auto r = recover("p", committed(4), {at("a", 4), at("b", 2)});
  ASSERT_FALSE(r.ok());
  EXPECT_EQ(r.status().code(), "sink_behind");
  EXPECT_NE(r.status().detail().find("sink b"), std::string::npos);
  EXPECT_NE(r.status().detail().find("events/0 from 30"), std::string::npos);
}

TEST(Recovery, sink_one_behind_a_committed_epoch_was_restored_from_a_backup) {
  EXPECT_EQ(recover("p", committed(4), {at("a", 4), at("b", 3)}).status().code(), "sink_behind");
}

TEST(Recovery, table_deleted_under_us_is_refused) {
  EXPECT_EQ(recover("p", committed(4), {at("a", 4), without_progress("b")}).status().code(), "sink_behind");
}

TEST(Recovery, sink_added_later_starts_at_the_next_offset) {
  const auto r = recover("p", committed(4, {"a"}), {at("a", 4, {"a"}), without_progress("new")});
  ASSERT_TRUE(r.ok()) << r.status().to_string();
  EXPECT_FALSE(r->replay);
  EXPECT_EQ(r->positions.at(kPlace), NextOffset(50));
}

TEST(Recovery, sink_added_while_an_epoch_was_under_way_has_no_part_in_its_replay) {
  const auto r = recover("p", planned(4, {"a"}), {at("a", 3, {"a"}), without_progress("new")});
  ASSERT_TRUE(r.ok()) << r.status().to_string();
  EXPECT_EQ(r->lacking, std::vector<std::string>{"a"});
}

TEST(Recovery, sink_without_progress_of_its_own_follows_the_ledger) {
  ClaimedSink console{"console", Progress{Generation(0), {}, {}, {}}, false};
  const auto done = recover("p", committed(4, {"console"}), {console});
  ASSERT_TRUE(done.ok()) << done.status().to_string();
  EXPECT_EQ(done->positions.at(kPlace), NextOffset(50));
  const auto open = recover("p", planned(4, {"console"}), {console});
  ASSERT_TRUE(open.ok());
  EXPECT_EQ(open->lacking, std::vector<std::string>{"console"});
}

TEST(Recovery, damaged_plan_is_named) {
  LedgerView view = planned(4);
  view.newest->plan = "{\"version\":9}";
  EXPECT_EQ(recover("p", view, {at("a", 3), at("b", 3)}).status().code(), "plan_version");
  view.newest->plan = "not json";
  EXPECT_EQ(recover("p", view, {at("a", 3), at("b", 3)}).status().code(), "plan_corrupt");
}

}  // namespace
}  // namespace laketide
