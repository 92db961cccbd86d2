// What a document does to the progress of the one before it, and what a reset repeats: without a broker, a sink or a run.
#include "engine/change_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/catalog.h"

namespace laketide {
namespace {

using Kind = PipelineChange::Kind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

config::PipelineSpec parsed(const std::string& text) {
  auto entry = Catalog::from_document(text, "http");
  EXPECT_TRUE(entry.ok()) << entry.status().to_string();
  return entry.ok() ? entry->spec : config::PipelineSpec();
}

const std::string kSource = R"("sources":{"in":{"kafka":{"topics":["a","b"]},"format":{"json":{}}}})";
const std::string kSinks = R"("sinks":[{"delta":{"path":"one"}},{"delta":{"path":"two","id":"second"}}])";

config::PipelineSpec base() { return parsed("{\"name\":\"p\"," + kSource + "," + kSinks + "}"); }

EpochPlan progress() {
  EpochPlan plan;
  plan.pipeline = "p";
  plan.epoch = EpochId(4);
  plan.sinks = {"delta:one", "second"};
  plan.begin = {{{"in", "a", 0}, NextOffset(10)}, {{"in", "b", 0}, NextOffset(0)}};
  plan.next = {{{"in", "a", 0}, NextOffset(30)}, {{"in", "b", 0}, NextOffset(5)}};
  return plan;
}

PipelineChange change_to(const std::string& members) {
  const auto old = base();
  const EpochPlan plan = progress();
  return plan_change(&old, parsed("{\"name\":\"p\"," + members + "}"), &plan, {});
}

TEST(ChangePlan, TheSameDocumentIsUnchangedHoweverItIsWritten) {
  EXPECT_EQ(change_to(kSinks + "," + kSource).kind, Kind::kUnchanged);
}

TEST(ChangePlan, WhatDoesNotTouchPlacesKeepsTheOffsets) {
  const auto change = change_to(kSource + "," + kSinks + R"(,"lanes":1,"trigger":{"epoch":"1s"})");
  EXPECT_EQ(change.kind, Kind::kKeepsOffsets);
  EXPECT_THAT(change.changed, ElementsAre("lanes", "trigger"));
  EXPECT_THAT(change.notes, IsEmpty());
  EXPECT_FALSE(change.is_new);
}

TEST(ChangePlan, ASourceUnderAnotherNameIsRefused) {
  const auto change = change_to(R"("sources":{"other":{"kafka":{"topics":["a","b"]},"format":{"json":{}}}},)" + kSinks);
  EXPECT_EQ(change.kind, Kind::kRefused);
  EXPECT_THAT(change.reason, HasSubstr("no source \"in\""));
  EXPECT_THAT(change.way_out, HasSubstr("/stream/p/reset"));
  EXPECT_EQ(refused(change).code(), "change_refused");
}

TEST(ChangePlan, ATopicLessIsRefusedAndOneMoreIsReadFromItsFirstRecord) {
  const auto less = change_to(R"("sources":{"in":{"kafka":{"topics":["a"]},"format":{"json":{}}}},)" + kSinks);
  EXPECT_EQ(less.kind, Kind::kRefused);
  EXPECT_THAT(less.reason, HasSubstr("topic \"b\""));
  const auto more = change_to(R"("sources":{"in":{"kafka":{"topics":["a","b","c"]},"format":{"json":{}}}},)" + kSinks);
  EXPECT_EQ(more.kind, Kind::kKeepsOffsets);
  EXPECT_THAT(more.notes, ElementsAre(HasSubstr("topic \"c\" is new")));
}

TEST(ChangePlan, AnotherTableUnderTheSameIdIsRefused) {
  const auto change = change_to(kSource + R"(,"sinks":[{"delta":{"path":"one"}},{"delta":{"path":"elsewhere","id":"second"}}])");
  EXPECT_EQ(change.kind, Kind::kRefused);
  EXPECT_THAT(change.reason, HasSubstr("\"second\""));
}

TEST(ChangePlan, SinksComeAndGo) {
  const auto change = change_to(kSource + R"(,"sinks":[{"delta":{"path":"one"}},{"delta":{"path":"three"}}])");
  EXPECT_EQ(change.kind, Kind::kKeepsOffsets);
  EXPECT_THAT(change.notes, ElementsAre(HasSubstr("\"second\" is not written any more"), HasSubstr("\"delta:three\" is new")));
}

TEST(ChangePlan, AStartCountsOnlyWithoutProgress) {
  const std::string later = R"("sources":{"in":{"kafka":{"topics":["a","b"],"start":"latest"},"format":{"json":{}}}},)" + kSinks;
  EXPECT_THAT(change_to(later).notes, ElementsAre(HasSubstr("/stream/p/reset")));
  const auto old = base();
  const auto fresh = plan_change(&old, parsed("{\"name\":\"p\"," + later + "}"), nullptr, {});
  EXPECT_EQ(fresh.kind, Kind::kKeepsOffsets);
  EXPECT_THAT(fresh.notes, ElementsAre(HasSubstr("the start that the document names counts")));
}

TEST(ChangePlan, ANewPipelineMayHaveProgressOfAnEarlierOne) {
  const auto fresh = plan_change(nullptr, base(), nullptr, {});
  EXPECT_EQ(fresh.kind, Kind::kNew);
  EXPECT_TRUE(fresh.is_new);
  const EpochPlan plan = progress();
  const auto again = plan_change(nullptr, base(), &plan, {});
  EXPECT_EQ(again.kind, Kind::kKeepsOffsets);
  EXPECT_TRUE(again.is_new);
  EXPECT_THAT(again.notes, ElementsAre(HasSubstr("behind epoch 4")));
  const auto other = plan_change(nullptr, parsed(R"({"name":"p","source":{"kafka":{"topic":"z"},"format":{"json":{}}},"sinks":[{"console":{}}]})"), &plan, {});
  EXPECT_EQ(other.kind, Kind::kRefused) << "the plan knows what was read, though nobody has the document any more";
}

std::vector<std::string> repeats(const std::string& start) {
  const EpochPlan plan = progress();
  std::vector<std::string> all;
  for (const RepeatedRange& range : plan_reset(base(), start, &plan).repeats) {
    all.push_back(range.topic + "/" + std::to_string(range.partition) + " [" + std::to_string(range.start) + "," + std::to_string(range.end) + ")");
  }
  return all;
}

TEST(ResetPlan, SaysExactlyWhatIsReadASecondTime) {
  EXPECT_THAT(repeats("earliest"), ElementsAre("a/0 [10,30)", "b/0 [0,5)"));
  EXPECT_THAT(repeats("latest"), IsEmpty());
  EXPECT_THAT(repeats(R"({"a":{"0":20},"b":{"0":-1}})"), ElementsAre("a/0 [20,30)"));
  EXPECT_THAT(repeats(R"({"a":{"0":2}})"), ElementsAre("a/0 [10,30)", "b/0 [0,5)")) << "not more than what was read; what is not named is read from its first record";
  EXPECT_THAT(repeats(R"({"a":{"0":30},"b":{"0":7}})"), IsEmpty());
  EXPECT_THAT(repeats("2026-01-01T00:00:00Z"), ElementsAre("a/0 [10,30)", "b/0 [0,5)")) << "at most";
}

TEST(ResetPlan, SaysWhatThatDoesToEachSink) {
  const EpochPlan plan = progress();
  const auto report = plan_reset(base(), "earliest", &plan);
  EXPECT_EQ(report.epoch, 4);
  EXPECT_THAT(report.notes, ElementsAre(HasSubstr("\"delta:one\" has their rows a second time"), HasSubstr("\"second\" has their rows a second time")));
  const auto unknown = plan_reset(base(), "earliest", nullptr);
  EXPECT_EQ(unknown.epoch, std::nullopt);
  EXPECT_THAT(unknown.repeats, IsEmpty());
}

}  // namespace
}  // namespace laketide
