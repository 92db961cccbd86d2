#include "engine/kept_counters.h"

#include <gtest/gtest.h>

namespace laketide {
namespace {

void run_once(const std::shared_ptr<Metrics>& metrics, KeptCounters& kept, const std::string& pipeline) {
  kept.keep(pipeline);
  PipelineCounters(*metrics, pipeline).rows_in->add(7);
}

std::string line_of(const std::string& pipeline, int rows) { return "laketide_rows_in_total{pipeline=\"" + pipeline + "\"} " + std::to_string(rows) + "\n"; }

TEST(KeptCounters, StayWhenTheRunIsOverAndGoOnWithTheNext) {
  const auto metrics = make_metrics();
  KeptCounters kept(metrics);
  run_once(metrics, kept, "a");
  EXPECT_NE(metrics->text().find(line_of("a", 7)), std::string::npos);
  run_once(metrics, kept, "a");
  EXPECT_NE(metrics->text().find(line_of("a", 14)), std::string::npos);
  kept.forget("a");
  EXPECT_EQ(metrics->text(), "");
}

TEST(KeptCounters, OfAThousandPipelinesTheOneThatRanLongestAgoGoes) {
  const auto metrics = make_metrics();
  KeptCounters kept(metrics);
  for (int i = 0; i < 1000; ++i) run_once(metrics, kept, "p" + std::to_string(i));
  run_once(metrics, kept, "p0");
  run_once(metrics, kept, "one more");
  const std::string text = metrics->text();
  EXPECT_NE(text.find(line_of("p0", 14)), std::string::npos);
  EXPECT_EQ(text.find(line_of("p1", 7)), std::string::npos);
  EXPECT_NE(text.find(line_of("p2", 7)), std::string::npos);
  EXPECT_NE(text.find(line_of("one more", 7)), std::string::npos);
}

}  // namespace
}  // namespace laketide
