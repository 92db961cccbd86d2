#include "cli/event_maker.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace laketide::cli {
namespace {

TEST(EventMaker, MakesJsonWithIdsInTurn) {
  EventMaker maker(7);
  for (int i = 0; i < 25; ++i) {
    const Event event = maker.next(Instant{1'000'000});
    const auto value = nlohmann::json::parse(event.value);
    EXPECT_EQ(value["id"], i % 10);
    EXPECT_EQ(event.key, std::to_string(i % 10));
    EXPECT_EQ(value["ts"], "1970-01-01T00:00:01.000000Z");
    EXPECT_GE(value["value"].get<double>(), 0);
    EXPECT_LE(value["value"].get<double>(), 100);
    EXPECT_EQ(value["source"], "laketide");
    EXPECT_EQ(value.size(), 4u);
  }
}

TEST(EventMaker, TheSameSeedGivesTheSameValues) {
  EventMaker one(7), two(7), other(8);
  bool differs = false;
  for (int i = 0; i < 20; ++i) {
    const std::string value = one.next(Instant{0}).value;
    EXPECT_EQ(value, two.next(Instant{0}).value);
    differs = differs || value != other.next(Instant{0}).value;
  }
  EXPECT_TRUE(differs);
}

}  // namespace
}  // namespace laketide::cli
