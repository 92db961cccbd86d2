#include "http/server.h"

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/version.hpp>

#include "base/begin_thread.h"
#include "base/log.h"
#include "http/address.h"
#include "http/listener.h"

namespace laketide::http {
namespace {

constexpr std::string_view kListen = "server.listen";
constexpr std::string_view kProbeListen = "server.probe_listen";
/// How long answers that are under way may take when the server closes.
constexpr std::chrono::milliseconds kLastAnswers{2'000};

Status check_exposure(const Address& address, const ServerOptions& options) {
  if (address.is_loopback || !options.token_file.empty() || options.allow_unauthenticated) return {};
  return Status::user("exposed",
                      "anybody who reaches this address could stop streams and start new ones. Either set server.token_file to a file "
                      "with one `scope token` per line (make a token with: openssl rand -hex 32), or say that this is meant: "
                      "server.allow_unauthenticated: true. The address: " + options.listen,
                      std::string(kListen));
}

struct Addresses {
  Address listen;
  std::optional<Address> probe_listen;
};

Result<Addresses> checked_addresses(const ServerOptions& options) {
  Addresses addresses;
  LT_ASSIGN_OR_RETURN(addresses.listen, resolve_address(options.listen, std::string(kListen)));
  LT_RETURN_IF_ERROR(check_exposure(addresses.listen, options));
  if (!options.probe_listen.empty()) {
    LT_ASSIGN_OR_RETURN(addresses.probe_listen, resolve_address(options.probe_listen, std::string(kProbeListen)));
  }
  return addresses;
}

Result<Access> access_of(const ServerOptions& options) {
  return options.token_file.empty() ? Result<Access>(Access()) : Access::load(options.token_file);
}

class AsioServer final : public Server {
 public:
  AsioServer(const ServerOptions& options, Access access)
      : limits_(options.limits), on_impatience_(options.on_impatience), service_(limits_, [this] { note_stop(); }),
        token_file_(options.token_file), router_(service_, std::move(access), options.allow_unauthenticated), hall_(router_, limits_),
        context_(std::make_unique<boost::asio::io_context>(1)), work_(context_->get_executor()), signal_set_(*context_) {}

  ~AsioServer() override { close(); }

  Status open(const ServerOptions& options, const Addresses& addresses) {
    LT_ASSIGN_OR_RETURN(listener_, make_listener(*context_, hall_, addresses.listen, std::string(kListen), false));
    if (addresses.probe_listen) {
      LT_ASSIGN_OR_RETURN(probe_listener_, make_listener(*context_, hall_, *addresses.probe_listen, std::string(kProbeListen), true));
    }
    if (options.handle_signals) await_signals();
    listener_->start();
    if (probe_listener_) probe_listener_->start();
    thread_ = std::thread([this] {
      begin_thread("http-io");
      context_->run();
    });
    return {};
  }

  uint16_t port() const override { return listener_->port(); }
  uint16_t probe_port() const override { return probe_listener_ ? probe_listener_->port() : 0; }
  void attach(std::shared_ptr<Engine> engine) override {
    service_.attach(std::move(engine));
    // A wish that came before there was an engine to tell.
    if (service_.is_stopping()) service_.begin_stop();
  }

  bool wait_for_stop(std::chrono::milliseconds wait) override {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, wait, [this] { return stop_wished_ || reload_wished_; });
    return stop_wished_;
  }

  bool take_reload_wish() override {
    const std::lock_guard lock(mutex_);
    return std::exchange(reload_wished_, false);
  }

  Status reload_tokens() override {
    if (token_file_.empty()) return {};
    LT_ASSIGN_OR_RETURN(Access read, Access::load(token_file_));
    router_.set_access(std::move(read));
    return {};
  }

 private:
  void await_signals() {
    signal_set_.add(SIGTERM);
    signal_set_.add(SIGINT);
    signal_set_.add(SIGHUP);
    next_signal();
  }

  void next_signal() {
    signal_set_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (signal == SIGHUP) {
        note_reload();
        return next_signal();
      }
      log::info("stopping on a signal", {{"signal", static_cast<int64_t>(signal)}});
      if (++signals_ > 1 && on_impatience_) on_impatience_();
      service_.begin_stop();
      note_stop();
      next_signal();
    });
  }

  void note_stop() {
    const std::lock_guard lock(mutex_);
    stop_wished_ = true;
    changed_.notify_all();
  }

  void note_reload() {
    const std::lock_guard lock(mutex_);
    reload_wished_ = true;
    changed_.notify_all();
  }

  void close() {
    hall_.closing = true;
    if (thread_.joinable()) {
      boost::asio::post(*context_, [this] { close_listeners(); });
      const auto deadline = std::chrono::steady_clock::now() + kLastAnswers;
      std::unique_lock lock(mutex_);
      while (hall_.requests.load() > 0 && std::chrono::steady_clock::now() < deadline) {
        changed_.wait_for(lock, std::chrono::milliseconds(5));
      }
    }
    context_->stop();
    if (thread_.joinable()) thread_.join();
    hall_.workers.reset();
    hall_.probe_workers.reset();
  }

  void close_listeners() {
    listener_->close();
    if (probe_listener_) probe_listener_->close();
    signal_set_.cancel();
  }

  const Limits limits_;
  const std::function<void()> on_impatience_;
  int signals_ = 0;  // of the io thread
  Service service_;
  const std::string token_file_;
  Router router_;
  Hall hall_;  // outlives the connections, which the io_context holds
  std::unique_ptr<boost::asio::io_context> context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::signal_set signal_set_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Listener> probe_listener_;
  std::thread thread_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_wished_ = false;    // guarded by mutex_
  bool reload_wished_ = false;  // guarded by mutex_
};

}  // namespace

Result<std::unique_ptr<Server>> make_server(const ServerOptions& options) {
  LT_ASSIGN_OR_RETURN(Addresses addresses, checked_addresses(options));
  LT_ASSIGN_OR_RETURN(Access access, access_of(options));
  auto server = std::make_unique<AsioServer>(options, std::move(access));
  LT_RETURN_IF_ERROR(server->open(options, addresses));
  addresses.listen.port = server->port();
  log::info("http is listening", {{"address", addresses.listen.to_string()}});
  return std::unique_ptr<Server>(std::move(server));
}

Status check_options(const ServerOptions& options) {
  LT_RETURN_IF_ERROR(checked_addresses(options).status());
  return access_of(options).status();
}

std::string boost_version() {
  return std::to_string(BOOST_VERSION / 100'000) + "." + std::to_string(BOOST_VERSION / 100 % 1000) + "." + std::to_string(BOOST_VERSION % 100);
}

}  // namespace laketide::http
