// `laketide run` as far as it comes without a broker. tests/e2e/test_run_command.py has the rest.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/command_line.h"
#include "support/temp_dir.h"

namespace laketide::cli {
namespace {

using testing::HasSubstr;

/// A folder with a service file and pipelines. Confined to its task.
class RunCommand : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.path() + "/" + name) << text;
    return folder_.path() + "/" + name;
  }
  Ended run_with(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--config", service_});
    return run(arguments);
  }

  const TempDir folder_;
  const std::string state_ = folder_.path() + "/state";
  const std::string service_ = write("laketide.yaml", "state: { dir: " + state_ + " }\nlake: { root: " + folder_.path() + "/lake }\nkafka: { brokers: 127.0.0.1:1 }\n");
  const std::string pipeline_ = write("p.yaml", "name: p\nsource: { kafka: { topic: t } }\nsinks: [ { delta: { path: p } } ]\n");
};

TEST_F(RunCommand, WrongUseIsTwo) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"run"}, {"run", pipeline_, pipeline_}, {"run", pipeline_, "--form", "earliest"}, {"run", pipeline_, "-o", "xml"},
                                                                     {"run", pipeline_, "--from", "soon"}, {"run", pipeline_, "--to", "resume"},
                                                                     {"run", pipeline_, "--from", R"({"0":9})", "--to", R"({"0":3})"}, {"run", pipeline_, "--state", state_},
                                                                     {"run", pipeline_, "--state", folder_.path() + "/./state"}, {"run", pipeline_, "--from", "sink:max(ts)"}}) {
    const Ended wrong = run_with(arguments);
    EXPECT_EQ(wrong.code, 2) << testing::PrintToString(arguments) << wrong.err;
    EXPECT_FALSE(wrong.err.empty());
  }
}

TEST_F(RunCommand, RefusedConfigurationIsThreeWithItsPlace) {
  EXPECT_THAT(run_with({"run", folder_.path() + "/none.yaml"}).err, HasSubstr("none.yaml: cannot be read"));
  const Ended bad = run_with({"run", write("bad.yaml", "name: bad\nsource: { kafka: { topic: t } }\nsinks: [ { detla: { path: p } } ]\n")});
  EXPECT_EQ(bad.code, 3);
  EXPECT_THAT(bad.err, HasSubstr("bad.yaml:3:"));
  const Ended service = run_with({"run", pipeline_, "--set", "engine.threads=0"});
  EXPECT_EQ(service.code, 3);
  EXPECT_THAT(service.err, HasSubstr("engine.threads"));
  const Ended endless = run_with({"run", write("rate.yaml", "name: r\nsource: { rate: { rows_per_second: 1 } }\nsinks: [ { delta: { path: r } } ]\n")});
  EXPECT_EQ(endless.code, 3) << endless.err;
  EXPECT_THAT(endless.err, HasSubstr("has no end"));
}

}  // namespace
}  // namespace laketide::cli
