// What a service manager hears of the service, and when it hears nothing.
#include "cli/supervisor.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_engine.h"
#include "support/temp_dir.h"

namespace laketide::cli {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// The manager's end of the socket. Confined to its task.
class Manager {
 public:
  explicit Manager(const std::string& name) : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address), size), 0) << std::strerror(errno);
  }
  ~Manager() { close(socket_); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// What has been said since the last call. A datagram is there when its sending has returned.
  std::vector<std::string> heard() {
    std::vector<std::string> all;
    char buffer[4096];
    for (ssize_t size; (size = recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT)) >= 0;) all.emplace_back(buffer, static_cast<size_t>(size));
    return all;
  }

 private:
  const int socket_;
};

class SupervisorTest : public testing::Test {
 protected:
  TempDir folder_;
  const std::string path_ = folder_.path() + "/notify";
  Manager manager_{path_};
  FakeEngine engine_;
};

TEST_F(SupervisorTest, ReadyIsSaidOnceAndNotBeforeTheEngineIs) {
  engine_.set_ready(Status::external("starting", "streams are being restored"));
  Supervisor told({path_, milliseconds(900)});
  EXPECT_LE(told.look(engine_), milliseconds(50)) << "somebody waits for it";
  EXPECT_THAT(manager_.heard(), IsEmpty()) << "the watchdog only counts from the moment of being ready";
  engine_.set_ready({});
  EXPECT_EQ(told.look(engine_), milliseconds(300));
  EXPECT_THAT(manager_.heard(), ElementsAre("READY=1\nSTATUS=ready", "WATCHDOG=1"));
  EXPECT_EQ(told.look(engine_), milliseconds(300));
  EXPECT_THAT(manager_.heard(), ElementsAre("WATCHDOG=1"));
}

TEST_F(SupervisorTest, AStuckWorkerGivesNoSignOfLife) {
  Supervisor told({path_, milliseconds(900)});
  told.look(engine_);
  manager_.heard();
  engine_.set_health(Status::internal("worker_stuck", "a worker has been in one step\nfor 31000 ms"));
  told.look(engine_);
  EXPECT_THAT(manager_.heard(), ElementsAre("STATUS=not alive: worker_stuck: a worker has been in one step for 31000 ms"));
  for (int i = 0; i < 5; ++i) told.look(engine_);
  EXPECT_THAT(manager_.heard(), IsEmpty());
  engine_.set_health({});
  told.look(engine_);
  EXPECT_THAT(manager_.heard(), ElementsAre("STATUS=ready", "WATCHDOG=1"));
}

TEST_F(SupervisorTest, WithoutAWatchdogOnlyChangesAreSaid) {
  Supervisor told({path_, {}});
  EXPECT_GE(told.look(engine_), std::chrono::minutes(1));
  told.look(engine_);
  told.reloading();
  told.reloaded({});
  told.reloaded(Status::user("unknown_key", "there is no key of this name: lisen"));
  told.stopping();
  const auto heard = manager_.heard();
  EXPECT_THAT(heard, ElementsAre("READY=1\nSTATUS=ready", HasSubstr("RELOADING=1\n"), "READY=1\nSTATUS=ready",
                                 "READY=1\nSTATUS=ready as before; the files were refused: unknown_key: there is no key of this name: lisen",
                                 HasSubstr("STOPPING=1\n")));
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const std::string stamp = heard[1].substr(heard[1].find("MONOTONIC_USEC=") + 15);
  EXPECT_NEAR(std::strtod(stamp.c_str(), nullptr) / 1e6, static_cast<double>(now.tv_sec), 10) << heard[1];
}

TEST(Supervisor, AnAbstractSocketIsASocket) {
  const std::string name = "@laketide-test-" + std::to_string(getpid());
  Manager manager(name);
  FakeEngine engine;
  Supervisor(SupervisorOptions{name, {}}).look(engine);
  EXPECT_THAT(manager.heard(), ElementsAre("READY=1\nSTATUS=ready"));
}

TEST(Supervisor, NobodyThereIsNoMisfortune) {
  FakeEngine engine;
  for (const std::string& socket : {std::string("/nonexistent/notify"), std::string(300, 'x'), std::string("relative")}) {
    Supervisor told({socket, milliseconds(900)});
    EXPECT_EQ(told.look(engine), milliseconds(300));
    told.stopping();
  }
  EXPECT_GE(Supervisor({}).look(engine), std::chrono::minutes(1)) << "started by hand";
}

/// Sets variables and takes them away again. Confined to its task.
class Environment {
 public:
  explicit Environment(std::vector<std::pair<std::string, std::string>> variables) : variables_(std::move(variables)) {
    for (const auto& [name, value] : variables_) setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const auto& [name, value] : variables_) unsetenv(name.c_str());
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const std::vector<std::pair<std::string, std::string>> variables_;
};

TEST(Supervisor, TheEnvironmentSaysWhereAndHowOften) {
  EXPECT_EQ(supervisor_of_environment().socket, "");
  const std::string own = std::to_string(getpid()), other = std::to_string(getppid());
  {
    const Environment set({{"NOTIFY_SOCKET", "/run/systemd/notify"}, {"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", own}});
    EXPECT_EQ(supervisor_of_environment().socket, "/run/systemd/notify");
    EXPECT_EQ(supervisor_of_environment().watchdog, std::chrono::seconds(30));
  }
  {
    const Environment set({{"NOTIFY_SOCKET", "/run/systemd/notify"}, {"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", other}});
    EXPECT_EQ(supervisor_of_environment().watchdog.count(), 0) << "another process's watchdog";
  }
}

}  // namespace
}  // namespace laketide::cli
