#include "config/fair_scheduler.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace laketide::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

// conf/fairscheduler.xml.template of Spark, its licence left out.
constexpr const char* kSparksExample = R"(<?xml version="1.0"?>

<!-- an example -->
<allocations>
  <pool name="production">
    <schedulingMode>FAIR</schedulingMode>
    <weight>1</weight>
    <minShare>2</minShare>
  </pool>
  <pool name="test">
    <schedulingMode>FIFO</schedulingMode>
    <weight>2</weight>
    <minShare>3</minShare>
  </pool>
</allocations>
)";

/// A folder with a pools file. Confined to its task.
class FairScheduler : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.path() + "/" + name) << text;
    return folder_.path() + "/" + name;
  }

  Result<ServiceConfig> load(const std::string& xml, const std::string& service) {
    const std::string file = write("fairscheduler.xml", xml);
    return load_service(write("laketide.yaml", service + "\nengine: { pools_file: " + file + " }\n"), {}, problems_);
  }

  const TempDir folder_;
  std::vector<Problem> problems_;
};

TEST_F(FairScheduler, ReadsSparksExample) {
  const auto config = load(kSparksExample, "batch_defaults: { pool: test }");
  ASSERT_TRUE(config.ok()) << config.status().detail();
  ASSERT_EQ(config->pools.size(), 4u) << "beside the default two";
  const PoolConfig& production = config->pools.at("production");
  EXPECT_EQ(production.weight, 1);
  EXPECT_EQ(production.min_share, 2);
  EXPECT_EQ(production.policy, "FAIR");
  EXPECT_FALSE(production.max_share);
  const PoolConfig& test = config->pools.at("test");
  EXPECT_EQ(test.weight, 2);
  EXPECT_EQ(test.min_share, 3);
  EXPECT_EQ(test.policy, "FIFO");
  EXPECT_EQ(config->pools.at("streaming-pool").weight, 3);
}

TEST_F(FairScheduler, PoolsOfTheServiceFileOverrideIt) {
  const auto config = load(kSparksExample, "pools: { test: { weight: 7 }, production: { policy: FIFO, max_share: 2.5 } }");
  ASSERT_TRUE(config.ok()) << config.status().detail();
  EXPECT_EQ(config->pools.at("test").weight, 7);
  EXPECT_EQ(config->pools.at("test").min_share, 3) << "what `pools` does not say stays";
  EXPECT_EQ(config->pools.at("production").policy, "FIFO");
  EXPECT_EQ(config->pools.at("production").max_share, 2.5);
}

TEST_F(FairScheduler, OverridesTheDefaultPoolsButNotTheirMemory) {
  const auto config = load(R"(<allocations><pool name="streaming-pool"><weight>5</weight></pool></allocations>)", "");
  ASSERT_TRUE(config.ok()) << config.status().detail();
  EXPECT_EQ(config->pools.at("streaming-pool").weight, 5);
  EXPECT_EQ(config->pools.at("streaming-pool").policy, "FIFO") << "Spark's default";
  EXPECT_EQ(config->pools.at("streaming-pool").memory_share, 0.7);
}

TEST_F(FairScheduler, BadValuesAreSparksDefaults) {
  const auto config = load(R"(<allocations>
  <pool name="words"><schedulingMode>SOMETIMES</schedulingMode><weight>heavy</weight><minShare/></pool>
  <pool name="numbers"><weight>0</weight><minShare>-1</minShare><schedulingMode> fair </schedulingMode></pool>
  <pool name="nothing"/>
  <pool><weight>2</weight></pool>
</allocations>)", "");
  ASSERT_TRUE(config.ok()) << config.status().detail();
  for (const char* name : {"words", "numbers", "nothing"}) {
    EXPECT_EQ(config->pools.at(name).weight, 1) << name;
    EXPECT_EQ(config->pools.at(name).min_share, 0) << name;
  }
  EXPECT_EQ(config->pools.at("words").policy, "FIFO");
  EXPECT_EQ(config->pools.at("numbers").policy, "FAIR") << "small letters and blanks are fine, as for Spark";
  EXPECT_EQ(config->pools.size(), 5u) << "one without a name is left out";
}

TEST_F(FairScheduler, FindsPoolsAtAnyDepth) {
  std::map<std::string, PoolConfig> pools;
  ASSERT_TRUE(read_fair_scheduler(write("f.xml", "<a><pool name='outer'><pool name='inner'><weight>2</weight></pool></pool></a>"), pools, problems_));
  EXPECT_THAT(pools, ElementsAre(Pair("inner", testing::Field(&PoolConfig::weight, 2)), Pair("outer", testing::Field(&PoolConfig::weight, 1))));
}

TEST_F(FairScheduler, RefusesWhatIsNotXmlWithItsPlace) {
  const auto config = load("<allocations>\n  <pool name=\"a\">\n  </poll>\n</allocations>", "");
  ASSERT_FALSE(config.ok());
  ASSERT_EQ(problems_.size(), 1u);
  EXPECT_EQ(problems_[0].field, "engine.pools_file");
  EXPECT_THAT(problems_[0].message, HasSubstr(folder_.path() + "/fairscheduler.xml:3:3: cannot be read as XML: </poll> ends <pool> of line 2"));
}

TEST_F(FairScheduler, RefusesWhatIsCutShortOrTooDeep) {
  std::map<std::string, PoolConfig> pools;
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "<a>";
  const std::map<std::string, std::string> wrong = {{"<a><!-- no end", ":1:4: "},   {"<a>\n<pool", ":2:1: "},        {"<a>", ":1:1: "},
                                                    {"<a b='>'></a></c>", ":1:14: "}, {"<pool name=x></pool>", ":1"}, {deep, ":1:97: "}};
  for (const auto& [text, place] : wrong) {
    problems_.clear();
    EXPECT_FALSE(read_fair_scheduler(write("f.xml", text), pools, problems_)) << text;
    ASSERT_EQ(problems_.size(), 1u) << text;
    EXPECT_THAT(problems_[0].to_string(), HasSubstr("f.xml" + place)) << text;
  }
}

}  // namespace
}  // namespace laketide::config
