#include "base/metrics.h"

#include <gtest/gtest.h>
#include <malloc.h>

namespace laketide {
namespace {

TEST(Metrics, text_has_every_live_series_with_its_labels) {
  auto metrics = make_metrics();
  auto rows = metrics->counter("laketide_rows_total", "Rows", {{"pipeline", "p"}});
  auto lag = metrics->gauge("laketide_lag", "Lag", {});
  auto seconds = metrics->histogram("laketide_seconds", "Time", {}, {0.1, 1});
  rows->add(2);
  rows->add(3);
  lag->set(-1.5);
  seconds->observe(0.1);
  seconds->observe(5);
  const std::string text = metrics->text();
  EXPECT_NE(text.find("# TYPE laketide_rows_total counter"), std::string::npos) << text;
  EXPECT_NE(text.find("laketide_rows_total{pipeline=\"p\"} 5"), std::string::npos) << text;
  EXPECT_NE(text.find("laketide_lag -1.5"), std::string::npos) << text;
  EXPECT_NE(text.find("laketide_seconds_bucket{le=\"0.1\"} 1"), std::string::npos) << text;
  EXPECT_NE(text.find("laketide_seconds_count 2"), std::string::npos) << text;
}

TEST(Metrics, two_askers_share_a_series_and_a_dropped_one_is_gone) {
  auto metrics = make_metrics();
  auto one = metrics->counter("laketide_rows_total", "Rows", {{"pipeline", "p"}});
  auto two = metrics->counter("laketide_rows_total", "Rows", {{"pipeline", "p"}});
  one->add(1);
  two->add(1);
  EXPECT_NE(metrics->text().find("{pipeline=\"p\"} 2"), std::string::npos);
  one.reset();
  two.reset();
  EXPECT_EQ(metrics->text().find("laketide_rows_total"), std::string::npos);
}

// Sanitizers bring an allocator that says 0 here: then this holds without being looked at.
int64_t heap_bytes() { return static_cast<int64_t>(mallinfo2().uordblks); }

TEST(Metrics, series_that_come_and_go_leave_no_memory_behind) {
  auto metrics = make_metrics();
  const auto live_and_die = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      const Labels labels{{"pipeline", "a pipeline with a name too long to stand in its label without memory of its own " + std::to_string(i)}};
      metrics->counter("laketide_rows_total", "Rows", labels)->add(1);
      metrics->histogram("laketide_seconds", "Time", labels, {0.1, 1})->observe(1);
    }
  };
  const auto kept = metrics->counter("laketide_rows_total", "Rows", {{"pipeline", "kept"}});
  kept->add(3);
  live_and_die(0, 200);
  const int64_t before = heap_bytes();
  live_and_die(200, 10'200);
  EXPECT_LT(heap_bytes() - before, 200'000) << "10,000 pipelines came and went";
  EXPECT_NE(metrics->text().find("laketide_rows_total{pipeline=\"kept\"} 3"), std::string::npos) << metrics->text();
}

TEST(Metrics, what_is_watched_is_read_when_it_is_asked_for) {
  auto metrics = make_metrics();
  double level = 1;
  auto watch = metrics->watch([&] {
    return Readings{{Reading::Kind::kCounter, "laketide_turns_total", "Turns", {{"pool", "a"}}, 7},
                    {Reading::Kind::kGauge, "laketide_level", "Level", {}, level},
                    {Reading::Kind::kCounter, "laketide_turns_total", "Turns", {{"pool", "b"}}, 8}};
  });
  level = 2.5;
  const std::string text = metrics->text();
  EXPECT_NE(text.find("# HELP laketide_turns_total Turns\n# TYPE laketide_turns_total counter\nlaketide_turns_total{pool=\"a\"} 7\n"
                      "laketide_turns_total{pool=\"b\"} 8\n"), std::string::npos) << text;
  EXPECT_NE(text.find("# TYPE laketide_level gauge\nlaketide_level 2.5\n"), std::string::npos) << text;
  watch.reset();
  EXPECT_EQ(metrics->text(), "");
}

}  // namespace
}  // namespace laketide
