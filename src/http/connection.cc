#include "http/connection.h"

#include <array>
#include <ctime>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "http/problem.h"
#include "http/request_head.h"

namespace laketide::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using Parser = beast::http::request_parser<beast::http::string_body>;
template <typename T>
using Task = asio::awaitable<T>;

constexpr size_t kReadBytes = 4096;
constexpr size_t kLingerBytesMax = 256 << 10;

auto with(ErrorCode& error) { return asio::redirect_error(asio::use_awaitable, error); }

std::string text_of(beast::string_view view) { return {view.data(), view.size()}; }

/// Counts while it lives. Confined to its task.
class Counted {
 public:
  explicit Counted(std::atomic<int>& count) : count_(&count) { count.fetch_add(1); }
  Counted(Counted&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Counted(const Counted&) = delete;
  ~Counted() {
    if (count_ != nullptr) count_->fetch_sub(1);
  }

 private:
  std::atomic<int>* count_;
};

/// One connection. Confined to its task.
class Connection : public ProbeGuest, public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, Hall& hall, const Door& door, Admission admission)
      : socket_(std::move(socket)), timer_(socket_.get_executor()), hall_(hall), door_(door), admission_(admission),
        counted_(hall.connections) {}

  bool give_way() override {
    if (performing_) return false;
    ErrorCode ignored;
    socket_.close(ignored);  // whatever is awaited fails, and what would be awaited next
    return true;
  }

  Task<void> serve() {
    if (admission_ == Admission::kRefused) {
      co_await write(problem(Status::external("busy", "too many connections; try again in a moment")), false, true);
    } else {
      for (int served = 0; served < kRequestsPerConnectionMax && co_await serve_one(served);) ++served;
    }
    co_await close();
  }

 private:
  /// True if another request may follow.
  Task<bool> serve_one(int served) {
    if (!co_await await_first_byte(served)) co_return false;
    const Counted request(hall_.requests);
    const auto head_size = co_await read_head();
    if (!head_size) co_return false;

    Parser parser;
    parser.header_limit(kHeadBytesMax + 1);
    parser.body_limit(kBodyBytesMax);
    ErrorCode error;
    const size_t parsed = parser.put(asio::buffer(buffer_.data().data(), *head_size), error);
    if (error == beast::http::error::body_limit) {
      co_return co_await refuse(Status::user("body_too_large", "the body is larger than " + std::to_string(kBodyBytesMax >> 10) + " KiB"));
    }
    if (error || !parser.is_header_done()) {
      co_return co_await refuse(Status::user("bad_request", "the request's head cannot be read: " + error.message()));
    }
    buffer_.consume(parsed);
    co_return co_await answer(parser, served);
  }

  Task<bool> answer(Parser& parser, int served) {
    const bool head_only = parser.get().method() == beast::http::verb::head;
    bool keep_alive = parser.keep_alive() && served + 1 < kRequestsPerConnectionMax;
    std::variant<Admitted, Response> judged = hall_.router.admit(head_of(parser));
    if (auto* refused = std::get_if<Response>(&judged)) {
      // An unread body would be taken for the next request.
      keep_alive = keep_alive && parser.is_done();
      co_return co_await write(std::move(*refused), head_only, !keep_alive) && keep_alive;
    }
    const Admitted admitted = std::move(std::get<Admitted>(judged));
    if (!co_await read_body(parser)) co_return false;
    Response response = co_await perform(admitted, parser.get().body());
    keep_alive = keep_alive && !hall_.closing && !hall_.router.is_stopping();
    const bool sent = co_await write(std::move(response), head_only, !keep_alive);
    co_return sent && keep_alive;
  }

  Task<bool> await_first_byte(int served) {
    if (buffer_.size() > 0) co_return true;
    // A new connection has the head's deadline, not the idle one's: who connects has something to say.
    arm(served == 0 ? hall_.limits.head : hall_.limits.idle);
    co_return co_await read_some();
  }

  Task<bool> read_some() {
    ErrorCode error;
    buffer_.commit(co_await socket_.async_read_some(buffer_.prepare(kReadBytes), with(error)));
    co_return !error;
  }

  /// From now on the socket's operations fail once `duration` has passed; replaces the deadline before.
  void arm(std::chrono::milliseconds duration) {
    timed_out_ = false;
    timer_.expires_after(duration);
    // A wait that is over already may still be queued when the next deadline is set: then it is not this one's.
    timer_.async_wait([weak = weak_from_this(), number = ++deadline_number_](const ErrorCode& error) {
      const auto self = weak.lock();
      if (error || !self || self->deadline_number_ != number) return;
      self->timed_out_ = true;
      ErrorCode ignored;
      self->socket_.cancel(ignored);
    });
  }

  /// The head's size once it is there and clean; none if the connection is over.
  Task<std::optional<size_t>> read_head() {
    HeadScanner scanner;
    arm(hall_.limits.head);
    while (true) {
      const std::string_view received(static_cast<const char*>(buffer_.data().data()), buffer_.size());
      const Result<std::optional<size_t>> size = scanner.scan(received);
      const Status clean = !size.ok() ? size.status() : *size ? check_head(received.substr(0, **size)) : Status();
      if (!clean.ok()) {
        co_await refuse(clean);
        co_return std::nullopt;
      }
      if (*size) co_return *size;
      if (co_await read_some()) continue;
      if (timed_out_) co_await refuse(Status::user("request_timeout", "the request's head took too long"));
      co_return std::nullopt;
    }
  }

  Head head_of(Parser& parser) const {
    const auto& message = parser.get();
    Head head;
    head.method = text_of(message.method_string());
    head.target = text_of(message.target());
    head.host = text_of(message[beast::http::field::host]);
    head.origin = text_of(message[beast::http::field::origin]);
    head.fetch_site = text_of(message["Sec-Fetch-Site"]);
    head.authorization = text_of(message[beast::http::field::authorization]);
    head.idempotency_key = text_of(message["Idempotency-Key"]);
    head.probes_only = door_.probes_only;
    head.crowded = admission_ == Admission::kProbesOnly;
    head.is_loopback = door_.is_loopback;
    return head;
  }

  Task<bool> read_body(Parser& parser) {
    if (parser.is_done()) co_return true;
    ErrorCode error;
    arm(hall_.limits.body);
    const bool expects = parser.get().version() >= 11 && !parser.get()[beast::http::field::expect].empty();
    if (expects && buffer_.size() == 0) {
      constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await asio::async_write(socket_, asio::buffer(kContinue), with(error));
      if (error) co_return false;
    }
    parser.eager(true);
    co_await beast::http::async_read(socket_, buffer_, parser, with(error));
    if (!error) co_return true;
    if (timed_out_) co_await refuse(Status::user("request_timeout", "the request's body took too long"));
    co_return false;
  }

  Task<Response> perform(const Admitted& admitted, const std::string& body) {
    WorkerSet& workers = admitted.route->is_probe ? *hall_.probe_workers : *hall_.workers;
    Reply reply;
    reply.again = [&] { return hall_.router.perform(admitted, body); };
    performing_ = true;
    while (reply.again) {
      if (reply.after.count() > 0) co_await pause(reply.after);
      reply = co_await on_worker(workers, std::move(reply));
    }
    performing_ = false;
    co_return std::move(reply.response);
  }

  /// Carries a reply on, on a worker, and comes back to the socket's thread with what became of it.
  Task<Reply> on_worker(WorkerSet& workers, Reply reply) {
    const auto begin = [&](auto handler) {
      // Shared, because a std::function must be copyable and a handler is not.
      auto done = std::make_shared<decltype(handler)>(std::move(handler));
      const auto finish = [done, executor = socket_.get_executor()](Reply result) {
        asio::post(executor, [done, result = std::move(result)]() mutable { std::move (*done)(std::move(result)); });
      };
      const bool has_begun = reply.after.count() > 0;
      const bool accepted = workers.post([finish, reply] { finish(perform_again(reply)); });
      if (accepted) return;
      // What has begun has done something already: to say that it could not be done would make the client do it twice.
      finish(has_begun ? std::move(reply) : Reply{problem(Status::external("busy", "too many calls at once; try again in a moment"))});
    };
    return asio::async_initiate<const asio::use_awaitable_t<>, void(Reply)>(begin, asio::use_awaitable);
  }

  Task<void> pause(std::chrono::milliseconds duration) {
    ErrorCode ignored;
    asio::steady_timer timer(socket_.get_executor(), duration);
    co_await timer.async_wait(with(ignored));
  }

  Task<bool> refuse(const Status& status) {
    co_await write(problem(status), false, true);
    co_return false;
  }

  template <typename Body>
  void fill_head(beast::http::response<Body>& message, const Response& response, bool close) const {
    message.version(11);
    message.result(static_cast<unsigned>(response.status));
    message.reason({reason_phrase(response.status).data(), reason_phrase(response.status).size()});
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    std::array<char, 40> date{};
    std::strftime(date.data(), date.size(), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &parts));
    message.set(beast::http::field::date, date.data());
    message.set(beast::http::field::content_type, response.content_type);
    message.set(beast::http::field::cache_control, "no-store");
    message.set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : response.headers) message.set(name, value);
    message.keep_alive(!close);
  }

  Task<bool> write(Response response, bool head_only, bool close) {
    ErrorCode error;
    if (!response.body.ends_with('\n')) response.body += '\n';
    arm(hall_.limits.write);
    if (head_only) {
      beast::http::response<beast::http::empty_body> message;
      fill_head(message, response, close);
      message.content_length(response.body.size());
      co_await beast::http::async_write(socket_, message, with(error));
    } else {
      beast::http::response<beast::http::string_body> message;
      fill_head(message, response, close);
      message.body() = std::move(response.body);
      message.prepare_payload();
      co_await beast::http::async_write(socket_, message, with(error));
    }
    if (response.after_sent) response.after_sent();
    co_return !error;
  }

  /// Closes so that the client can read the last answer: bytes that are still coming in are read and dropped for a
  /// moment, since closing over them would reset the connection and take the answer with it.
  Task<void> close() {
    ErrorCode error;
    socket_.shutdown(tcp::socket::shutdown_send, error);
    std::array<char, kReadBytes> dropped;
    arm(hall_.limits.linger);
    for (size_t total = 0; !error && !timed_out_ && total < kLingerBytesMax;) {
      total += co_await socket_.async_read_some(asio::buffer(dropped), with(error));
    }
    socket_.close(error);
  }

  tcp::socket socket_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_{kHeadBytesMax + kReadBytes};
  Hall& hall_;
  const Door door_;
  const Admission admission_;
  const Counted counted_;
  bool timed_out_ = false;
  bool performing_ = false;
  uint64_t deadline_number_ = 0;
};

Task<void> run(std::shared_ptr<Connection> connection) { co_await connection->serve(); }

}  // namespace

void start_connection(TcpSocket&& socket, Hall& hall, const Door& door, Admission admission) {
  if (admission == Admission::kClosed) return;
  const auto executor = socket.get_executor();
  const auto connection = std::make_shared<Connection>(std::move(socket), hall, door, admission);
  if (admission == Admission::kProbesOnly) hall.probe_places.add(connection);
  asio::co_spawn(executor, run(connection), asio::detached);
}

}  // namespace laketide::http
