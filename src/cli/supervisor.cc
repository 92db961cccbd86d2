#include "cli/supervisor.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/log.h"

namespace laketide::cli {
namespace {

/// As long as the engine is not ready, somebody waits.
constexpr std::chrono::milliseconds kStarting{20};
/// Nobody watches; whoever wants something is heard of by other ways.
constexpr std::chrono::hours kUnwatched{1};
/// A manager that does not read must not keep us from stopping.
constexpr timeval kSendPatience{1, 0};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// On one line, as the protocol wants it.
std::string status_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return "STATUS=" + text;
}

}  // namespace

SupervisorOptions supervisor_of_environment() {
  SupervisorOptions options;
  options.socket = environment("NOTIFY_SOCKET");
  // A watchdog that was set for a parent of ours is not ours to feed.
  const std::string process = environment("WATCHDOG_PID");
  if (process.empty() || process == std::to_string(getpid())) {
    options.watchdog = std::chrono::microseconds(std::strtoll(environment("WATCHDOG_USEC").c_str(), nullptr, 10));
  }
  return options;
}

Supervisor::Supervisor(SupervisorOptions options) : options_(std::move(options)) {
  if (options_.socket.empty()) return;
  socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket_ >= 0) setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &kSendPatience, sizeof kSendPatience);
}

Supervisor::~Supervisor() {
  if (socket_ >= 0) close(socket_);
}

std::chrono::milliseconds Supervisor::look(const Engine& engine) {
  if (options_.socket.empty()) return kUnwatched;
  if (!is_ready_) {
    if (!engine.ready().ok()) return kStarting;
    is_ready_ = true;
    send("READY=1\n" + status_line("ready"));
  }
  const Status health = engine.health();
  if (health.ok() != was_alive_) {
    was_alive_ = health.ok();
    send(status_line(was_alive_ ? "ready" : "not alive: " + health.to_string()));
  }
  if (options_.watchdog.count() <= 0) return kUnwatched;
  if (health.ok()) send("WATCHDOG=1");
  // A third, so that one look may be late.
  return std::max(std::chrono::milliseconds(1), std::chrono::duration_cast<std::chrono::milliseconds>(options_.watchdog / 3));
}

void Supervisor::reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t microseconds = int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds) + "\n" + status_line("reading the configuration again"));
}

void Supervisor::reloaded(const Status& outcome) {
  send("READY=1\n" + status_line(outcome.ok() ? "ready" : "ready as before; the files were refused: " + outcome.to_string()));
}

void Supervisor::stopping() { send("STOPPING=1\n" + status_line("stopping: streams drain and commit")); }

void Supervisor::send(const std::string& message) {
  if (socket_ < 0) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t length = std::min(options_.socket.size(), sizeof address.sun_path - 1);
  std::memcpy(address.sun_path, options_.socket.data(), length);
  // An abstract name is all of its bytes behind a zero; '@' stands for that.
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  const ssize_t sent = sendto(socket_, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
  if (sent >= 0 || complained_) return;
  complained_ = true;
  log::warn("the service manager cannot be told", {{"socket", options_.socket}, {"error", std::strerror(errno)}});
}

}  // namespace laketide::cli
