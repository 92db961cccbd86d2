// The documents made of, and checked against, the tables of fields.
#include "config/reference.h"

#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/pipeline_fields.h"
#include "config/service_fields.h"

namespace laketide::config {
namespace {

std::string document(const std::string& name) {
  const char* root = std::getenv("LAKETIDE_SOURCE_DIR");
  std::ifstream file(std::string(root != nullptr ? root : "../..") + "/conf/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void add_aliases(const std::vector<Field>& fields, std::map<std::string, std::string>& all) {
  for (const Field& field : fields) {
    for (const std::string_view alias : field.aliases) all[std::string(alias)] = field.name;
    add_aliases(field.members, all);
  }
}

/// Every other spelling that a pipeline's document may use, and the key it stands for.
std::map<std::string, std::string> aliases() {
  PipelineSpec pipeline;
  TriggerSpec trigger;
  KafkaSourceSpec kafka;
  RateSourceSpec rate;
  FormatSpec format;
  SinkSpec delta, postgres, console;
  std::map<std::string, std::string> all;
  for (const auto& fields : {pipeline_fields(pipeline), trigger_fields(trigger), kafka_source_fields(kafka), rate_source_fields(rate), json_format_fields(format),
                             delta_fields(delta), postgres_fields(postgres), console_fields(console)}) {
    add_aliases(fields, all);
  }
  return all;
}

TEST(Reference, IsWhatTheProgramReads) { EXPECT_EQ(document("reference.md"), reference()) << "make it again: laketide config-reference > conf/reference.md"; }

TEST(Reference, EveryKeyHasATypeAndAMeaning) {
  std::istringstream lines(reference());
  int keys = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `")) continue;
    ++keys;
    EXPECT_TRUE(std::regex_match(line, std::regex(R"(\| `[a-z_]+` \| [^|]+ \| [^|]* \| [^|]* \| [^|]+ \|)"))) << line;
  }
  EXPECT_GT(keys, 70);
}

TEST(MovingFromSpark, EveryOptionIsReadAsTheKeyBesideIt) {
  const std::string text = document("moving-from-spark.md");
  const std::regex row(R"(\n\| `([^`]+)` \| `([a-z_]+)` \| `([^`]+)` \|)");
  std::map<std::string, std::string> told;
  for (std::sregex_iterator at(text.begin(), text.end(), row), end; at != end; ++at) {
    const std::string alias = (*at)[1], key = (*at)[2], example = (*at)[3];
    told[alias] = key;
    const std::string source = example.starts_with("source:") ? "" : "source: { kafka: { topic: events } }\n";
    std::vector<Problem> problems;
    const auto spec = parse_pipeline("name: n\n" + source + example + "\nsinks: [ console: {} ]\n", "p.yaml", problems);
    ASSERT_TRUE(spec.ok()) << example << ": " << spec.status().detail();
    EXPECT_THAT(spec->canonical, testing::HasSubstr("\"" + key + "\":")) << "by its own name: " << example;
    EXPECT_THAT(example, testing::HasSubstr(alias));
  }
  EXPECT_EQ(told, aliases()) << "the table and the code accept the same";
}

}  // namespace
}  // namespace laketide::config
