#include "config/service_config.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/service_fields.h"
#include "support/temp_dir.h"

namespace laketide::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Sets a variable of the environment for the length of a test. Confined to its task.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* name_;
};

std::string shipped(const char* file) {
  const char* root = std::getenv("LAKETIDE_SOURCE_DIR");
  return std::string(root != nullptr ? root : "../..") + "/" + file;
}

std::string text_of(const std::string& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

ServiceConfig load(const std::string& text, const std::vector<std::string>& sets = {}) {
  const TempDir folder;
  const std::string file = folder.path() + "/laketide.yaml";
  std::ofstream(file) << text;
  std::vector<Problem> problems;
  auto config = load_service(file, sets, problems);
  EXPECT_TRUE(config.ok()) << config.status().detail();
  return config.ok() ? *config : ServiceConfig{};
}

TEST(ServiceConfig, WithoutFileHasTheContractsDefaults) {
  const ServiceConfig config = load("");
  EXPECT_EQ(config.server.listen, "127.0.0.1:8080");
  EXPECT_EQ(config.server.stop_deadline, std::chrono::seconds(30));
  EXPECT_EQ(config.engine.threads, 0);
  EXPECT_EQ(config.engine.quantum, std::chrono::milliseconds(2));
  EXPECT_EQ(config.pools.at("streaming-pool").weight, 3);
  EXPECT_EQ(config.pools.at("streaming-pool").memory_share, 0.7);
  EXPECT_EQ(config.pools.at("batch-pool").weight, 1);
  EXPECT_EQ(config.pools.at("batch-pool").memory_share, 0.5);
  EXPECT_EQ(config.stream_defaults.epoch_bytes, 256 << 20);
}

TEST(ServiceConfig, ReadsEveryKey) {
  const ServiceConfig config = load(R"(
server: { listen: "[::1]:9", probe_listen: 0.0.0.0:8081, token_file: t, allow_unauthenticated: true, stop_deadline: 1m }
engine: { threads: 3, memory: 1GiB, quantum: 1ms }
pools:
  streaming-pool: { max_share: 1.5 }
  extra: { weight: 0.5, min_share: 0.25, memory: 0.2, policy: FIFO }
kafka: { brokers: "a:1,b:2", client: { security.protocol: SASL_SSL, sasl.password: secret } }
postgres: { url: "jdbc:postgresql://u:p@h:5/d" }
state: { dir: /s }
lake: { root: /l }
stream_defaults: { pool: extra, epoch: 250ms, epoch_bytes: 1MiB }
pipelines: [ a.yaml, "b/*.yaml" ]
log: { level: debug, format: json }
)");
  EXPECT_EQ(config.server.listen, "[::1]:9");
  EXPECT_EQ(config.server.probe_listen, "0.0.0.0:8081");
  EXPECT_EQ(config.server.token_file, "t");
  EXPECT_TRUE(config.server.allow_unauthenticated);
  EXPECT_EQ(config.server.stop_deadline, std::chrono::minutes(1));
  EXPECT_EQ(config.engine.threads, 3);
  EXPECT_EQ(config.engine.memory_bytes, 1 << 30);
  EXPECT_EQ(config.engine.quantum, std::chrono::milliseconds(1));
  EXPECT_EQ(config.pools.at("streaming-pool").weight, 3) << "a pool of the file changes only what it names";
  EXPECT_EQ(config.pools.at("streaming-pool").max_share, 1.5);
  EXPECT_EQ(config.pools.at("extra").min_share, 0.25);
  EXPECT_EQ(config.pools.at("extra").policy, "FIFO");
  EXPECT_EQ(config.kafka.brokers, "a:1,b:2");
  EXPECT_EQ(config.kafka.client.at("sasl.password"), "secret");
  EXPECT_EQ(config.postgres_url, "postgresql://u:p@h:5/d");
  EXPECT_EQ(config.state_dir, "/s");
  EXPECT_EQ(config.lake_root, "/l");
  EXPECT_EQ(config.stream_defaults.pool, "extra");
  EXPECT_EQ(config.stream_defaults.epoch, std::chrono::milliseconds(250));
  EXPECT_THAT(config.pipelines, ElementsAre("a.yaml", "b/*.yaml"));
  EXPECT_EQ(config.log_level + config.log_format, "debugjson");
}

TEST(ServiceConfig, TakesAnEmptyListOfPipelines) { EXPECT_TRUE(load("pipelines: []\n").pipelines.empty()); }

TEST(ServiceConfig, ExpandsVariablesAndFiles) {
  const TempDir folder;
  std::ofstream(folder.path() + "/password") << "p}: #x\n";
  const Variable host("LT_TEST_HOST", "db.example");
  const ServiceConfig config = load("postgres: { url: \"postgresql://u:${file:" + folder.path() + "/password" +
                                    "}@${LT_TEST_HOST}/${LT_TEST_NAME:-app}\" }\nstate: { dir: \"a$${b}\" }\n");
  EXPECT_EQ(config.postgres_url, "postgresql://u:p}: #x@db.example/app");
  EXPECT_EQ(config.state_dir, "a${b}");
}

TEST(ServiceConfig, LaysEnvironmentOverFileAndSetOverEnvironment) {
  const Variable listen("LAKETIDE_SERVER__LISTEN", "127.0.0.1:1");
  const Variable dir("LAKETIDE_STATE__DIR", "from ${ENVIRONMENT}: #1");
  const Variable weight("LAKETIDE_POOLS__BATCH_POOL__WEIGHT", "7");
  const Variable other("LAKETIDE_POOLS__MY_POOL__WEIGHT", "5");
  const Variable client("LAKETIDE_KAFKA__CLIENT__SECURITY_PROTOCOL", "SSL");
  const Variable list("LAKETIDE_PIPELINES", "[x.yaml, y.yaml]");
  const Variable foreign("LAKETIDE_PORT_8080_TCP", "tcp://10.0.0.1:8080");
  const ServiceConfig config = load("server: { listen: a:9 }\npools: { My_Pool: { policy: FIFO } }", {"server.listen=127.0.0.1:2", "kafka.client.client.id=me"});
  EXPECT_EQ(config.server.listen, "127.0.0.1:2");
  EXPECT_EQ(config.state_dir, "from ${ENVIRONMENT}: #1");
  EXPECT_EQ(config.pools.at("batch-pool").weight, 7);
  EXPECT_EQ(config.pools.at("My_Pool").weight, 5);
  EXPECT_EQ(config.kafka.client, (std::map<std::string, std::string>{{"security.protocol", "SSL"}, {"client.id", "me"}}));
  EXPECT_THAT(config.pipelines, ElementsAre("x.yaml", "y.yaml"));
}

TEST(ServiceConfig, NamesAWrongVariableOfTheEnvironment) {
  const Variable wrong("LAKETIDE_SERVER__LISTN", "x");
  std::vector<Problem> problems;
  ASSERT_FALSE(load_service("", {}, problems).ok());
  EXPECT_EQ(problems[0].to_string(),
            "environment LAKETIDE_SERVER__LISTN: server.listn: unknown key \"listn\"; did you mean \"listen\"?");
}

TEST(ServiceConfig, NamesAFileThatIsNotThere) {
  std::vector<Problem> problems;
  ASSERT_FALSE(load_service("/no/such/laketide.yaml", {}, problems).ok());
  EXPECT_EQ(problems[0].to_string(), "/no/such/laketide.yaml: cannot be read: No such file or directory");
}

TEST(ShippedFile, IsTheDefaults) {
  const ServiceConfig shipped_config = load(text_of(shipped("conf/laketide.yaml")));
  const ServiceConfig none = load("");
  EXPECT_EQ(shipped_config.server.listen, none.server.listen);
  EXPECT_EQ(shipped_config.server.probe_listen, none.server.probe_listen);
  EXPECT_EQ(shipped_config.server.token_file, none.server.token_file);
  EXPECT_EQ(shipped_config.server.allow_unauthenticated, none.server.allow_unauthenticated);
  EXPECT_EQ(shipped_config.server.stop_deadline, none.server.stop_deadline);
  EXPECT_EQ(shipped_config.engine.threads, none.engine.threads);
  EXPECT_EQ(shipped_config.engine.memory_bytes, none.engine.memory_bytes);
  EXPECT_EQ(shipped_config.engine.quantum, none.engine.quantum);
  EXPECT_EQ(shipped_config.kafka.brokers, none.kafka.brokers);
  EXPECT_EQ(shipped_config.kafka.client, none.kafka.client);
  EXPECT_EQ(shipped_config.postgres_url, none.postgres_url);
  EXPECT_EQ(shipped_config.state_dir, none.state_dir);
  EXPECT_EQ(shipped_config.lake_root, none.lake_root);
  EXPECT_EQ(shipped_config.stream_defaults.pool, none.stream_defaults.pool);
  EXPECT_EQ(shipped_config.stream_defaults.epoch, none.stream_defaults.epoch);
  EXPECT_EQ(shipped_config.stream_defaults.epoch_bytes, none.stream_defaults.epoch_bytes);
  EXPECT_EQ(shipped_config.pipelines, none.pipelines);
  EXPECT_EQ(shipped_config.log_level + shipped_config.log_format, none.log_level + none.log_format);
  ASSERT_EQ(shipped_config.pools.size(), none.pools.size());
  for (const auto& [name, pool] : none.pools) {
    const PoolConfig& other = shipped_config.pools.at(name);
    EXPECT_EQ(pool.weight, other.weight);
    EXPECT_EQ(pool.min_share, other.min_share);
    EXPECT_EQ(pool.max_share, other.max_share);
    EXPECT_EQ(pool.memory_share, other.memory_share);
    EXPECT_EQ(pool.policy, other.policy);
  }
}

void expect_shown(const std::string& text, const std::vector<Field>& fields) {
  for (const Field& field : fields) {
    if (!field.refused.empty()) continue;
    std::string doc = std::regex_replace(field.doc, std::regex("[.()*?|\\[\\]]"), "\\$&");
    const std::regex line("(^|\n) *" + field.name + ":[^\n#]*# " + doc + "\n");
    EXPECT_TRUE(std::regex_search(text, line)) << "no line for " << field.name << " with # " << field.doc;
    expect_shown(text, field.members);
  }
}

TEST(ShippedFile, ShowsEveryKeyWithItsLineOfDocumentation) {
  ServiceConfig config;
  PoolConfig pool;
  const std::string text = text_of(shipped("conf/laketide.yaml"));
  expect_shown(text, service_fields(config));
  expect_shown(text, pool_fields(pool));
}

TEST(PipelineFiles, ShippedExamplesAreInert) {
  std::vector<Problem> problems;
  const auto specs = load_pipelines({shipped("conf/pipelines/*.yaml")}, problems);
  ASSERT_TRUE(problems.empty()) << problems[0].to_string();
  ASSERT_EQ(specs.size(), 2u);
  EXPECT_EQ(specs[0].name, "example-readings");
  EXPECT_EQ(specs[1].name, "readings-gold");
  for (const auto& spec : specs) EXPECT_FALSE(spec.autostart);
}

TEST(PipelineFiles, OneBadFileHidesNoOther) {
  const TempDir folder;
  const auto write = [&](const char* name, const std::string& text) { std::ofstream(folder.path() + "/" + name) << text; };
  const std::string rest = "\nsource: { kafka: { topic: t } }\nsinks: [ console: {} ]\n";
  write("a.yaml", "name: one" + rest);
  write("b.yaml", "nmae: two" + rest);
  write("c.yaml", "name: three" + rest);
  write("d.yaml", "name: one" + rest);
  std::vector<Problem> problems;
  const auto specs = load_pipelines({folder.path() + "/*.yaml", folder.path() + "/a.yaml", folder.path() + "/e.yaml"}, problems);
  ASSERT_EQ(specs.size(), 2u);
  EXPECT_EQ(specs[0].name + " " + specs[1].name, "one three");
  ASSERT_EQ(problems.size(), 4u);
  EXPECT_THAT(problems[1].to_string(), HasSubstr("b.yaml:1:1: name: a pipeline needs a name"));
  EXPECT_THAT(problems[0].to_string(), HasSubstr("b.yaml:1:1: nmae: unknown key \"nmae\"; did you mean \"name\"?"));
  EXPECT_THAT(problems[2].to_string(), HasSubstr("d.yaml:1:1: name: another file has a pipeline of this name"));
  EXPECT_THAT(problems[3].to_string(), HasSubstr("e.yaml: cannot be read"));
}

}  // namespace
}  // namespace laketide::config
