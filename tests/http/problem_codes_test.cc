// Every code that the source can emit is explained, and the page of codes is the table.
#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include <gtest/gtest.h>

#include "http/page.h"
#include "http/problem.h"

namespace laketide::http {
namespace {

/// Code → a file that emits it. Found where a Status is made, and where a function of a room makes one of the code it is given.
std::map<std::string, std::string> emitted_codes() {
  const std::regex makers[] = {
      std::regex(R"re(Status::(?:user|external|internal)\(\s*(?:std::string\()?"([a-z_0-9]+)")re"),
      std::regex(R"re((?:JobError\{|probe_problem\()\s*"([a-z]+_[a-z_]+)")re"),
      std::regex(R"re("(sql_[a-z_]+)"\s*,)re"),
  };
  const std::regex errnos(R"re(return \{"([a-z_]+)", "[a-z ])re");  // storage/io_status.cc: a code and advice
  const std::regex decoders(R"re(\brefuse\("([a-z_]+)")re");  // elsewhere a refusal names a field
  std::map<std::string, std::string> codes;
  for (const char* folder : {"src", "include"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(source_dir() / folder)) {
      if (entry.path().extension() != ".cc" && entry.path().extension() != ".h") continue;
      const std::string text = text_of(entry.path()), file = entry.path().string();
      const auto add = [&](const std::regex& maker) {
        for (std::sregex_iterator at(text.begin(), text.end(), maker), end; at != end; ++at) codes.emplace((*at)[1], file);
      };
      for (const std::regex& maker : makers) add(maker);
      if (file.find("/storage/") != std::string::npos) add(errnos);
      if (file.find("/formats/") != std::string::npos) add(decoders);
    }
  }
  return codes;
}

TEST(ProblemCodes, EachThatTheSourceCanEmitIsExplained) {
  std::set<std::string> explained;
  for (const ProblemSection& section : problem_sections()) {
    for (const ProblemCode& code : section.codes) {
      EXPECT_TRUE(explained.emplace(code.code).second) << code.code << " stands there twice";
      EXPECT_GT(code.meaning.size(), 15u) << code.code;
      EXPECT_TRUE(code.meaning.ends_with('.')) << code.code;
      EXPECT_EQ(code.meaning.find('|'), std::string_view::npos) << code.code << ": the page is a table";
    }
  }
  const auto emitted = emitted_codes();
  EXPECT_GT(emitted.size(), 150u) << "the search finds them";
  for (const char* known : {"bad_json", "sql_syntax", "disk_full", "not_alive", "change_refused", "deadline", "sink_behind"}) {
    EXPECT_TRUE(emitted.contains(known) || explained.contains(known)) << known;
  }
  for (const auto& [code, file] : emitted) EXPECT_TRUE(explained.contains(code)) << code << " of " << file << " has no line in src/http/problem_codes.cc";
}

TEST(ProblemCodes, ThePageIsTheTable) { expect_page("errors.md", problem_page()); }

TEST(ProblemCodes, TheStatusIsTheTablesElseTheFaults) {
  EXPECT_EQ(http_status(Status::user("unknown_pipeline", "")), 404);
  EXPECT_EQ(http_status(Status::user("some_code", "")), 422);
  EXPECT_EQ(http_status(Status::external("some_code", "")), 503);
  EXPECT_EQ(http_status(Status::internal("some_code", "")), 500);
  EXPECT_EQ(http_status(Status::external("arrow", "")), 503) << "a line without a status of its own";
  EXPECT_EQ(http_status(Status()), 200);
}

}  // namespace
}  // namespace laketide::http
