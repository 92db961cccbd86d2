#include "http/client.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace laketide::http {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kResponseBytesMax = 64 << 20;
constexpr std::string_view kDefaultPort = "8080";

/// Closes when it goes. Confined to its task.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

Status unreachable(const std::string& url, const std::string& why) {
  return Status::external("unreachable", "no answer, " + why + "; is `laketide serve` running, and is --url right? " + url);
}

bool await(int fd, short events, Clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd wanted{fd, events, 0};
    const int ready = poll(&wanted, 1, static_cast<int>(std::max<int64_t>(left, 0)));
    // A signal that somebody else looks after is no answer.
    if (ready >= 0 || errno != EINTR) return ready == 1;
  }
}

/// 0 or an errno.
int connect_to(const addrinfo& address, int fd, Clock::time_point deadline) {
  if (connect(fd, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!await(fd, POLLOUT, deadline)) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

Result<std::unique_ptr<Socket>> open_socket(const std::string& url, const std::string& host, const std::string& port,
                                            Clock::time_point deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) return unreachable(url, gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all(found, freeaddrinfo);
  int error = 0;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    auto socket = std::make_unique<Socket>(::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket->fd() < 0) return unreachable(url, std::strerror(errno));
    error = connect_to(*address, socket->fd(), deadline);
    if (error == 0) return socket;
  }
  return unreachable(url, std::strerror(error));
}

Status send_all(const Socket& socket, const std::string& url, std::string_view bytes, Clock::time_point deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EAGAIN) {
      return unreachable(url, std::strerror(errno));
    } else if (!await(socket.fd(), POLLOUT, deadline)) {
      return unreachable(url, "time is up");
    }
  }
  return {};
}

Result<std::string> receive_all(const Socket& socket, const std::string& url, Clock::time_point deadline) {
  std::string received;
  char bytes[16384];
  while (received.size() < kResponseBytesMax) {
    const ssize_t size = recv(socket.fd(), bytes, sizeof bytes, 0);
    if (size == 0) return received;
    if (size > 0) {
      received.append(bytes, static_cast<size_t>(size));
    } else if (errno != EAGAIN) {
      return unreachable(url, std::strerror(errno));
    } else if (!await(socket.fd(), POLLIN, deadline)) {
      return unreachable(url, "time is up");
    }
  }
  return unreachable(url, "the answer is too large");
}

std::string field_of(std::string_view head, std::string_view name) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b)); };
  const std::string wanted = "\r\n" + std::string(name) + ": ";
  const auto at = std::search(head.begin(), head.end(), wanted.begin(), wanted.end(), same);
  if (at == head.end()) return {};
  const std::string_view value = head.substr(static_cast<size_t>(at - head.begin()) + wanted.size());
  return std::string(value.substr(0, value.find("\r\n")));
}

Result<ClientResponse> parse(const std::string& url, const std::string& received) {
  const size_t head_end = received.find("\r\n\r\n");
  ClientResponse response;
  constexpr size_t kStatusAt = sizeof "HTTP/1.1 " - 1;
  const bool is_http = received.starts_with("HTTP/1.") && head_end != std::string::npos;
  if (!is_http || std::from_chars(received.data() + kStatusAt, received.data() + head_end, response.status).ec != std::errc()) {
    return unreachable(url, "what answers there does not speak HTTP");
  }
  const std::string_view head = std::string_view(received).substr(0, head_end + 2);
  response.content_type = field_of(head, "Content-Type");
  response.body = received.substr(head_end + 4);
  if (std::to_string(response.body.size()) != field_of(head, "Content-Length")) return unreachable(url, "the answer was cut off");
  return response;
}

}  // namespace

Result<Client> Client::make(const std::string& url, const std::string& token) {
  constexpr std::string_view kScheme = "http://";
  const auto refused = [&] { return Status::user("bad_value", "expected http://host[:port], such as http://127.0.0.1:8080, got " + url, "url"); };
  Client client;
  client.url_ = url;
  client.token_ = token;
  std::string authority = url.starts_with(kScheme) ? url.substr(kScheme.size()) : std::string();
  if (authority.ends_with('/')) authority.pop_back();
  if (authority.empty() || authority.find_first_of("/?#@ \r\n") != std::string::npos) return refused();
  if (token.find_first_of("\r\n") != std::string::npos) return Status::user("bad_value", "a token is one line", "token");
  const size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string::npos && authority.find(']', colon) == std::string::npos;
  client.host_ = authority.substr(0, has_port ? colon : authority.size());
  client.port_ = has_port ? authority.substr(colon + 1) : std::string(kDefaultPort);
  if (client.host_.starts_with('[') && client.host_.ends_with(']')) client.host_ = client.host_.substr(1, client.host_.size() - 2);
  if (client.host_.empty() || client.port_.empty()) return refused();
  return client;
}

Result<ClientResponse> Client::request(const std::string& method, const std::string& target, const std::string& body,
                                       std::chrono::milliseconds wait) const {
  const auto deadline = Clock::now() + wait;
  LT_ASSIGN_OR_RETURN(const auto socket, open_socket(url_, host_, port_, deadline));
  const std::string host = host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]";
  std::string message = method + " " + target + " HTTP/1.1\r\nHost: " + host + ":" + port_ +
                        "\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  if (!token_.empty()) message += "Authorization: Bearer " + token_ + "\r\n";
  LT_RETURN_IF_ERROR(send_all(*socket, url_, message + "\r\n" + body, deadline));
  LT_ASSIGN_OR_RETURN(const std::string received, receive_all(*socket, url_, deadline));
  return parse(url_, received);
}

std::string path_segment(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || std::strchr("-._~", c) != nullptr;
    char escape[4];
    std::snprintf(escape, sizeof escape, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += plain ? std::string(1, c) : escape;
  }
  return out;
}

}  // namespace laketide::http
