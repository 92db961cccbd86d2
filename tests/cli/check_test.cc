// `laketide check`: every mistake of mistakes.txt is answered with its place, what is wrong, and what to write instead.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/command_line.h"
#include "support/temp_dir.h"

namespace laketide::cli {
namespace {

using nlohmann::json;
using testing::ElementsAreArray;
using testing::HasSubstr;

struct Mistake {
  std::string title, document;
  std::vector<std::string> answers;  // "line:column: field: message", in order
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.title; }

std::string source_directory() {
  const char* root = std::getenv("LAKETIDE_SOURCE_DIR");
  return root != nullptr ? root : "../..";
}

std::vector<Mistake> mistakes() {
  std::ifstream file(source_directory() + "/tests/cli/mistakes.txt");
  std::vector<Mistake> all;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("== ")) {
      all.push_back({line.substr(3), "", {}});
    } else if (all.empty()) {
      continue;  // what the file says of itself
    } else if (line.starts_with("-- ")) {
      all.back().answers.push_back(line.substr(3));
    } else if (all.back().answers.empty()) {
      all.back().document += line + "\n";
    }
  }
  return all;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class CheckedMistake : public testing::TestWithParam<Mistake> {};

TEST_P(CheckedMistake, IsAnswered) {
  const TempDir folder;
  const std::string file = folder.path() + "/file.yaml";
  std::ofstream(file) << GetParam().document;
  // No pipelines but those of the case.
  std::ofstream(folder.path() + "/service.yaml") << "pipelines: []\n";
  const bool is_pipeline = GetParam().document.find("name:") != std::string::npos || GetParam().document.find("sql:") != std::string::npos;
  std::vector<std::string> expected;
  for (const std::string& answer : GetParam().answers) expected.push_back(file + ":" + answer);
  ASSERT_FALSE(expected.empty());
  const Ended text = is_pipeline ? run({"check", folder.path() + "/service.yaml", file}) : run({"check", file});
  EXPECT_EQ(text.code, 3);
  EXPECT_THAT(lines_of(text.err), ElementsAreArray(expected));

  const Ended document = run({"check", "-o", "json", file});
  EXPECT_EQ(document.code, 3);
  std::vector<std::string> told;
  const json parsed = json::parse(document.out);
  for (const json& problem : parsed["problems"]) {
    const std::string field = problem["field"];
    told.push_back(problem["file"].get<std::string>() + ":" + problem["line"].dump() + ":" + problem["column"].dump() + ": " + (field.empty() ? "" : field + ": ") +
                   problem["message"].get<std::string>());
  }
  EXPECT_THAT(told, ElementsAreArray(expected));
}

INSTANTIATE_TEST_SUITE_P(Mistakes, CheckedMistake, testing::ValuesIn(mistakes()));

TEST(CheckedFiles, ThereAreManyMistakesToMake) { EXPECT_GE(mistakes().size(), 60u); }

TEST(CheckedFiles, TwoPipelinesOfOneNameAreOneTooMany) {
  const TempDir folder;
  const std::string rest = "name: n\nsource: { kafka: { topic: events } }\nsinks: [ console: {} ]\n";
  for (const char* name : {"/a.yaml", "/b.yaml"}) std::ofstream(folder.path() + name) << "# one of two\n" + rest;
  const std::string answer = folder.path() + "/b.yaml:2:7: name: another file has a pipeline of this name; rename one: n is in " + folder.path() + "/a.yaml\n";
  const Ended named = run({"check", folder.path() + "/a.yaml", folder.path() + "/b.yaml"});
  EXPECT_EQ(named.code, 3);
  EXPECT_EQ(named.err, answer);
  std::ofstream(folder.path() + "/service.yml") << "pipelines: [ " + folder.path() + "/*.yaml ]\n";
  EXPECT_EQ(run({"check", folder.path() + "/service.yml"}).err, answer);
  EXPECT_EQ(run({"check", folder.path() + "/service.yml", folder.path() + "/b.yaml"}).err, answer) << "a file that the service names is looked at once";
  EXPECT_EQ(run({"check", folder.path() + "/a.yaml", folder.path() + "/a.yaml"}).code, 0);
}

TEST(CheckedFiles, APlanShowsTheStepsOfEachSink) {
  const TempDir folder;
  const std::string file = folder.path() + "/p.yaml";
  std::ofstream(file) << "name: n\nsource: { kafka: { topic: events }, format: { json: { schema: \"id int, value double\" } } }\n"
                         "sql: |\n  SELECT id,\n         value\n  FROM source WHERE id > 5\n"
                         "sinks:\n  - delta: { path: all }\n  - delta: { path: some }\n    select: SELECT id FROM result\n";
  const Ended right = run({"check", file});
  EXPECT_EQ(right.code, 0) << right.err;
  EXPECT_THAT(right.out, testing::AllOf(HasSubstr("  query  SELECT id, value FROM source WHERE id > 5\n"), HasSubstr("  sink   delta:all: append to the Delta table all\n         Project id int, value double\n"),
                                        HasSubstr("rows of: SELECT id FROM result\n         Project id int\n")));
  const json document = json::parse(run({"check", "-o", "json", file}).out);
  EXPECT_THAT(document["pipelines"][0]["steps"][1].get<std::string>(), HasSubstr("Filter id > 5"));
}

TEST(CheckedFiles, OnlyConnectReachesServers) {
  const TempDir folder;
  const std::string service = folder.path() + "/s.yaml", pipeline = folder.path() + "/p.yaml";
  std::ofstream(service) << "kafka: { brokers: \"127.0.0.1:1\" }\npostgres: { url: \"host=127.0.0.1 port=1 user=app password=hunter2\" }\npipelines: []\n";
  std::ofstream(pipeline) << "name: n\nsource: { kafka: { topic: events } }\nsinks: [ { postgres: { table: t } } ]\n";
  EXPECT_EQ(run({"check", service, pipeline}).code, 0);
  const Ended away = run({"check", "--connect", "-o", "json", service, pipeline});
  EXPECT_EQ(away.code, 4);
  EXPECT_THAT(away.err, testing::AllOf(HasSubstr("n: source events at 127.0.0.1:1"), HasSubstr("n: sink postgres:t"), testing::Not(HasSubstr("hunter2"))));
  const json document = json::parse(away.out);
  ASSERT_EQ(document["unreachable"].size(), 2u);
  EXPECT_EQ(document["unreachable"][0]["code"], "broker_away");
  EXPECT_EQ(document["unreachable"][1]["pipeline"], "n");
}

}  // namespace
}  // namespace laketide::cli
