#include "sources/kafka/start_offsets.h"

#include <gtest/gtest.h>

namespace laketide {
namespace {

PartitionBounds two_partitions(const std::string& topic = "events") {
  return {{{"s", topic, 0}, {NextOffset(10), NextOffset(100)}}, {{"s", topic, 1}, {NextOffset(0), NextOffset(50)}}};
}

/// Offsets by `topic/partition`, or the code of what went wrong.
std::string resolved(std::string_view text, const PartitionBounds& bounds = two_partitions(), const Positions& times = {}) {
  const auto setting = parse_offsets(text, "start");
  if (!setting.ok()) return std::string(setting.status().code());
  const auto positions = resolve_offsets(*setting, bounds, times, "start");
  if (!positions.ok()) return std::string(positions.status().code());
  std::string all;
  for (const auto& [place, next] : *positions) {
    all += place.topic + "/" + std::to_string(place.partition) + "=" + std::to_string(next.value) + " ";
  }
  return all;
}

TEST(StartOffsets, ReadsEveryForm) {
  EXPECT_EQ(resolved("earliest"), "events/0=10 events/1=0 ");
  EXPECT_EQ(resolved(" -1 "), "events/0=100 events/1=50 ");
  EXPECT_EQ(resolved(R"({"0":20,"p1":-2})"), "events/0=20 events/1=0 ");
  EXPECT_EQ(resolved(R"({"1":-1})"), "events/1=50 ");
  EXPECT_EQ(resolved(R"({"0":"latest"})"), "events/0=100 ");
  EXPECT_EQ(resolved(R"({"events":{"0":10,"1":50}})"), "events/0=10 events/1=50 ");
}

TEST(StartOffsets, ReadsTimes) {
  for (const char* text : {"2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00", "1767323045000", "2026-01-02 03:04:05"}) {
    const auto setting = parse_offsets(text, "start");
    ASSERT_TRUE(setting.ok() && setting->time()) << text;
    EXPECT_EQ(to_iso(*setting->time()), "2026-01-02T03:04:05.000000Z");
  }
  EXPECT_EQ(resolved("2026-01-02", two_partitions(), {{{"s", "events", 0}, NextOffset(33)}}), "events/0=33 events/1=50 ");
}

TEST(StartOffsets, RefusesWhatCannotBeMeant) {
  for (const char* text : {"", "first", "{}", "[1]", "{\"0\":1", "{\"x\":1}", "{\"0\":-3}", "{\"0\":1.5}", "{\"0\":\"5\"}", "{\"0\":1,\"p0\":2}",
                           "{\"0\":1,\"0\":2}", "{\"events\":{\"0\":1},\"1\":2}", "-5", "99999999999999999", "2026-13-01",
                           "{\"0\":9223372036854775808}"}) {
    EXPECT_EQ(resolved(text), "bad_offsets") << text;
  }
}

TEST(StartOffsets, RefusesWhatTheBrokerCannotServe) {
  EXPECT_EQ(resolved(R"({"7":1})"), "unknown_partition");
  EXPECT_EQ(resolved(R"({"other":{"0":10}})"), "unknown_partition");
  EXPECT_EQ(resolved(R"({"0":9})"), "offset_out_of_range");
  EXPECT_EQ(resolved(R"({"0":101})"), "offset_out_of_range");
  EXPECT_EQ(resolved(R"({"0":100})"), "events/0=100 ");
  PartitionBounds both = two_partitions();
  both.merge(two_partitions("more"));
  EXPECT_EQ(resolved(R"({"0":10})", both), "bad_offsets");
  EXPECT_EQ(resolved(R"({"more":{"0":10}})", both), "more/0=10 ");
}

}  // namespace
}  // namespace laketide
