// A TCP client that sends bytes as they are and reads what comes.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace laketide {

/// An HTTP answer as it came. Immutable.
struct RawResponse {
  int status = 0;  // 0: none came
  std::string head, body;
  bool has(std::string_view field) const { return head.find(field) != std::string::npos; }
};

/// One connection to 127.0.0.1. Reads give up after ten seconds. Confined to its task.
class RawClient {
 public:
  explicit RawClient(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd_ < 0 || connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("cannot connect");
  }
  ~RawClient() { ::close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False once the other side is gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  void shutdown_send() { shutdown(fd_, SHUT_WR); }
  /// Closes with a reset instead of an end.
  void reset() {
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

  /// One answer; what follows it stays for the next call. `head_only`: the answer to HEAD.
  RawResponse receive(bool head_only = false) {
    RawResponse response;
    size_t head_end = 0;
    while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return {};
    }
    response.head = buffer_.substr(0, head_end + 2);
    buffer_.erase(0, head_end + 4);
    response.status = std::atoi(response.head.c_str() + sizeof "HTTP/1.1");
    const size_t at = response.head.find("\r\nContent-Length: ");
    const size_t length = at == std::string::npos || head_only ? 0 : std::strtoul(response.head.c_str() + at + 18, nullptr, 10);
    while (buffer_.size() < length && read_more()) continue;
    response.body = buffer_.substr(0, length);
    buffer_.erase(0, std::min(length, buffer_.size()));
    return response;
  }
  RawResponse call(std::string_view bytes) {
    send(bytes);
    return receive();
  }

  /// True if nothing comes for so long.
  bool is_quiet_for(std::chrono::milliseconds duration) const {
    pollfd wanted{fd_, POLLIN, 0};
    return buffer_.empty() && poll(&wanted, 1, static_cast<int>(duration.count())) == 0;
  }
  /// True if the other side closes, and sends nothing more, within ten seconds.
  bool is_closed() {
    while (read_more()) continue;
    return ended_ && buffer_.empty();
  }
  /// Everything until the other side closes.
  std::string receive_all() {
    while (read_more()) continue;
    return buffer_;
  }

 private:
  bool read_more() {
    pollfd wanted{fd_, POLLIN, 0};
    if (ended_ || poll(&wanted, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) != 1) return false;
    char bytes[8192];
    const ssize_t size = recv(fd_, bytes, sizeof bytes, 0);
    ended_ = size <= 0;
    if (size > 0) buffer_.append(bytes, static_cast<size_t>(size));
    return size > 0;
  }

  static constexpr std::chrono::seconds kPatience{10};
  int fd_;
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace laketide
