// `laketide probe`: what a container's health check sees.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/command_line.h"
#include "support/temp_dir.h"

namespace laketide::cli {
namespace {

using testing::HasSubstr;

class Probe : public testing::Test {
 protected:
  /// A service file with these words under `server`.
  std::string file(const std::string& server) {
    const std::string path = folder_.path() + "/laketide.yaml";
    std::ofstream(path) << "server: {" << server << "}\n";
    return path;
  }
  TempDir folder_;
};

TEST_F(Probe, AsksWhereTheConfigurationSaysAndEndsAsTheAnswerIs) {
  const ApiServer api;
  const std::string port = std::to_string(api.server->port()), config = file("listen: \"127.0.0.1:" + port + "\"");
  EXPECT_EQ(run({"probe", "--config", config}).code, 0);
  EXPECT_EQ(run({"probe", "--config", config}).out, "http://127.0.0.1:" + port + ": ok\n");
  EXPECT_EQ(run({"probe", "--ready", "--config", config, "-o", "json"}).out, "{\"status\":\"ready\"}\n");

  api.engine->set_ready(Status::external("starting", "streams are being restored"));
  EXPECT_EQ(run({"probe", "--config", config}).code, 0);
  EXPECT_EQ(run({"probe", "--ready", "--config", config}).code, 1);
  api.engine->set_health(Status::internal("worker_stuck", "a worker has been in one step for 31000 ms"));
  const Ended stuck = run({"probe", "--config", config});
  EXPECT_EQ(stuck.code, 1);
  EXPECT_THAT(stuck.out, HasSubstr("worker_stuck"));
}

TEST_F(Probe, TheProbeListenerIsAskedWhereThereIsOneAndNoTokenIsNeeded) {
  const std::string tokens = folder_.path() + "/tokens";
  std::ofstream(tokens) << "admin 0123456789abcdef\n";
  http::ServerOptions options;
  options.token_file = tokens;
  options.probe_listen = "0.0.0.0:0";
  const ApiServer api(options);
  const std::string port = std::to_string(api.server->probe_port());
  const Ended asked = run({"probe", "--config", file("listen: \"127.0.0.1:1\", probe_listen: \"0.0.0.0:" + port + "\"")});
  EXPECT_EQ(asked.out, "http://127.0.0.1:" + port + ": ok\n");
  EXPECT_EQ(asked.code, 0);
  EXPECT_EQ(run({"probe", "--config", file(""), "--set", "server.listen=127.0.0.1:" + std::to_string(api.server->port())}).code, 0);
}

TEST_F(Probe, NobodyThereIsFourAndABadFileIsThree) {
  EXPECT_EQ(run({"probe", "--config", file("listen: \"127.0.0.1:1\"")}).code, 4);
  EXPECT_EQ(run({"probe", "--config", file("lisen: \"127.0.0.1:1\"")}).code, 3);
  EXPECT_EQ(run({"probe", "--config", folder_.path() + "/none.yaml"}).code, 3);
}

}  // namespace
}  // namespace laketide::cli
