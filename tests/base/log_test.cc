// What a log line looks like: one line whatever it is given, in both formats.
#include "base/log.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace laketide {
namespace {

using nlohmann::json;

/// What is written to standard error meanwhile.
template <typename Work>
std::vector<std::string> lines_of(Work work) {
  testing::internal::CaptureStderr();
  work();
  std::istringstream written(testing::internal::GetCapturedStderr());
  std::vector<std::string> lines;
  for (std::string line; std::getline(written, line);) lines.push_back(line);
  return lines;
}

class Log : public testing::Test {
 protected:
  void TearDown() override { ASSERT_TRUE(log::configure("info", "text").ok()); }
};

TEST_F(Log, TextIsOneLineWithItsFields) {
  ASSERT_TRUE(log::configure("info", "text").ok());
  const auto lines = lines_of([] {
    log::info("stream state", {{"pipeline", "events"}, {"epoch", int64_t{7}}, {"reason", ""}, {"detail", "two\nlines \x1b[31m \"quoted\""}});
  });
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], testing::MatchesRegex(R"(....-..-..T..:..:..\.......Z info stream state pipeline=events epoch=7 detail="two\\nlines \\u001b\[31m \\"quoted\\"")"));
}

TEST_F(Log, JsonIsOneObjectALine) {
  ASSERT_TRUE(log::configure("debug", "json").ok());
  const auto lines = lines_of([] {
    log::warn("a \"message\"", {{"pipeline", "ev\nents"}, {"epoch", int64_t{-1}}, {"reason", ""}, {"bytes", "\xff"}, {"number", "7"}});
    log::debug("plain");
  });
  ASSERT_EQ(lines.size(), 2u);
  const json line = json::parse(lines[0]);
  EXPECT_EQ(line["level"], "warn");
  EXPECT_EQ(line["message"], "a \"message\"");
  EXPECT_EQ(line["pipeline"], "ev\nents");
  EXPECT_EQ(line["epoch"], -1) << "a number";
  EXPECT_EQ(line["number"], "7") << "a text that looks like one";
  EXPECT_FALSE(line.contains("reason"));
  EXPECT_TRUE(line["time"].get<std::string>().ends_with("Z"));
  EXPECT_EQ(json::parse(lines[1]).size(), 3u);
}

TEST_F(Log, TheLevelIsTheLeastThatIsWritten) {
  ASSERT_TRUE(log::configure("warn", "text").ok());
  EXPECT_EQ(lines_of([] {
              log::debug("a");
              log::info("b");
              log::warn("c");
              log::error("d");
            }).size(),
            2u);
  EXPECT_EQ(log::configure("loud", "text").field(), "log.level");
  EXPECT_EQ(log::configure("info", "xml").field(), "log.format");
}

}  // namespace
}  // namespace laketide
