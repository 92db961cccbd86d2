#include "http/request_head.h"

#include <algorithm>
#include <string>

#include "http/ascii.h"
#include "http/limits.h"

namespace laketide::http {
namespace {

constexpr size_t kMethodBytesMax = 32;
constexpr size_t kLengthDigitsMax = 18;

Status bad(const std::string& detail) { return Status::user("bad_request", detail); }

bool is_token(std::string_view text) {
  constexpr std::string_view kTokenChars =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return !text.empty() && text.find_first_not_of(kTokenChars) == std::string_view::npos;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

Status check_target(std::string_view target) {
  if (target.size() > kTargetBytesMax) {
    return Status::user("target_too_long", "the path and query are longer than " + std::to_string(kTargetBytesMax) + " bytes");
  }
  const auto is_plain = [](char c) { return c > ' ' && c < '\x7F' && c != '#' && c != '\\' && c != '<' && c != '>' && c != '"'; };
  if (target.empty() || !std::all_of(target.begin(), target.end(), is_plain)) return bad("the request's target holds a forbidden byte");
  return {};
}

Status check_request_line(std::string_view line) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || line.substr(first + 1, last - first - 1).find(' ') != std::string_view::npos) {
    return bad("the request line is not: method, target and HTTP/1.1, with one space between");
  }
  const std::string_view method = line.substr(0, first);
  if (!is_token(method) || method.size() > kMethodBytesMax) return bad("the request's method is no word");
  LT_RETURN_IF_ERROR(check_target(line.substr(first + 1, last - first - 1)));
  const std::string_view version = line.substr(last + 1);
  if (version == "HTTP/1.1" || version == "HTTP/1.0") return {};
  if (version.starts_with("HTTP/")) return Status::user("version_not_supported", "use HTTP/1.1");
  return bad("the request line does not end with HTTP/1.1");
}

/// Fields that decide how a request is framed and for whom it is. Confined to its task.
class Framing {
 public:
  Status add(std::string_view name, std::string_view value) {
    if (name == "host") return add_host(value);
    if (name == "content-length") return add_length(value);
    if (name == "idempotency-key") return add_key(value);
    if (name == "transfer-encoding") {
      has_encoding_ = true;
    } else if (name == "expect" && lower(value) != "100-continue") {
      return Status::user("expectation_failed", "the only expectation understood is 100-continue");
    }
    return {};
  }

  Status finish(bool needs_host) const {
    if (has_encoding_ && has_length_) return bad("Content-Length and Transfer-Encoding in one request");
    if (has_encoding_) return Status::user("length_required", "send the body with a Content-Length; Transfer-Encoding is not accepted");
    if (needs_host && !has_host_) return bad("the Host field is missing");
    return {};
  }

 private:
  Status add_host(std::string_view value) {
    if (has_host_) return bad("more than one Host field");
    has_host_ = true;
    constexpr std::string_view kForbidden = " \t,/@?#\\\"<>";
    return value.empty() || value.find_first_of(kForbidden) != std::string_view::npos ? bad("the Host field is not host[:port]") : Status();
  }

  Status add_length(std::string_view value) {
    if (has_length_) return bad("more than one Content-Length");
    has_length_ = true;
    const bool digits = !value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos;
    return digits && value.size() <= kLengthDigitsMax ? Status() : bad("the Content-Length is no number of bytes");
  }

  /// One of two keys would be dropped without a word, and a job be run that ran before.
  Status add_key(std::string_view value) {
    if (has_key_) return bad("more than one Idempotency-Key");
    has_key_ = true;
    return value.empty() ? bad("the Idempotency-Key is empty") : Status();
  }

  bool has_host_ = false;
  bool has_key_ = false;
  bool has_length_ = false;
  bool has_encoding_ = false;
};

Status check_field(std::string_view line, Framing& framing) {
  if (line.front() == ' ' || line.front() == '\t') return bad("a header line that continues the one before");
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return bad("a header line without a colon");
  const std::string_view name = line.substr(0, colon);
  if (!is_token(name)) return bad("a header name with a byte that does not belong there");
  if (name.find('_') != std::string_view::npos) return bad("a header name with an underscore, which proxies take for a hyphen");
  return framing.add(lower(name), trimmed(line.substr(colon + 1)));
}

}  // namespace

Result<std::optional<size_t>> HeadScanner::scan(std::string_view received) {
  for (; done_ < received.size() && done_ < kHeadBytesMax; ++done_) {
    const auto c = static_cast<uint8_t>(received[done_]);
    const bool after_cr = done_ > 0 && received[done_ - 1] == '\r';
    if (after_cr != (c == '\n')) return bad("a line does not end with carriage return and line feed");
    if ((c < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7F) return bad("a control byte in the request's head");
    if (c == '\n' && received.substr(0, done_ + 1).ends_with("\r\n\r\n")) return std::optional<size_t>(++done_);
    if (c == '\n' && done_ == 1) return bad("an empty line where a request should begin");
  }
  if (received.size() < kHeadBytesMax) return std::optional<size_t>();
  // The request line alone may be what is too long; then say so.
  const size_t line_end = received.find('\r');
  if (line_end == std::string_view::npos || line_end > kTargetBytesMax + kMethodBytesMax + 16) {
    return Status::user("target_too_long", "the path and query are longer than " + std::to_string(kTargetBytesMax) + " bytes");
  }
  return Status::user("head_too_large", "the request's head is larger than " + std::to_string(kHeadBytesMax) + " bytes");
}

Status check_head(std::string_view head) {
  size_t end = head.find("\r\n");
  const std::string_view request_line = head.substr(0, end);
  LT_RETURN_IF_ERROR(check_request_line(request_line));
  Framing framing;
  size_t fields = 0;
  for (head.remove_prefix(end + 2); !head.starts_with("\r\n"); head.remove_prefix(end + 2)) {
    end = head.find("\r\n");
    if (end == std::string_view::npos) return bad("the request's head has no end");
    if (++fields > kHeadFieldsMax) return Status::user("head_too_large", "more than " + std::to_string(kHeadFieldsMax) + " header fields");
    LT_RETURN_IF_ERROR(check_field(head.substr(0, end), framing));
  }
  return framing.finish(request_line.ends_with("1"));
}

}  // namespace laketide::http
