#include "http/access.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>

#include "http/ascii.h"

namespace laketide::http {
namespace {

constexpr size_t kSecretBytesMin = 8;
constexpr size_t kSecretBytesMax = 512;

/// Takes as long for every `given` of a length: nothing about `secret` shows in the time.
bool equal_in_constant_time(std::string_view given, std::string_view secret) {
  volatile uint8_t difference = given.size() == secret.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i) {
    const char other = secret.empty() ? '\0' : secret[i % secret.size()];
    difference = static_cast<uint8_t>(difference | (given[i] ^ other));
  }
  return difference == 0;
}

Status bad_line(const std::string& file, int line, const std::string& what) {
  return Status::user("bad_token_file", file + ":" + std::to_string(line) + ": " + what, "server.token_file");
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

}  // namespace

std::string_view to_string(Scope scope) {
  constexpr std::string_view kNames[] = {"none", "read", "operate", "admin"};
  return kNames[static_cast<int>(scope)];
}

Result<Access> Access::load(const std::string& token_file) {
  Access access;
  errno = 0;
  std::ifstream in(token_file);
  if (!in) {
    return Status::user("bad_token_file", token_file + " cannot be read: " + std::strerror(errno == 0 ? EIO : errno), "server.token_file");
  }
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    std::istringstream words(line);
    std::string scope, secret, rest;
    if (!(words >> scope) || scope.starts_with('#')) continue;
    words >> secret >> rest;
    Token token{Scope::kNone, secret};
    for (const Scope known : {Scope::kRead, Scope::kOperate, Scope::kAdmin}) {
      if (scope == to_string(known)) token.scope = known;
    }
    if (token.scope == Scope::kNone) return bad_line(token_file, number, "expected `scope token`, with a scope of read, operate or admin");
    if (!rest.empty()) return bad_line(token_file, number, "more than `scope token`");
    if (secret.size() < kSecretBytesMin || secret.size() > kSecretBytesMax) {
      return bad_line(token_file, number, "a token has 8 to 512 letters; make one with: openssl rand -hex 32");
    }
    access.tokens_.push_back(std::move(token));
  }
  if (access.tokens_.empty()) return Status::user("bad_token_file", token_file + " holds no token", "server.token_file");
  return access;
}

Status Access::check(std::string_view authorization, Scope needed) const {
  if (tokens_.empty() || needed == Scope::kNone) return {};
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.empty()) return Status::user("unauthorized", "send a token: Authorization: Bearer <token>");
  if (lower(authorization.substr(0, kScheme.size())) != kScheme) {
    return Status::user("unauthorized", "only bearer tokens are understood: Authorization: Bearer <token>");
  }
  const std::string_view given = authorization.substr(kScheme.size());
  Scope granted = Scope::kNone;
  for (const Token& token : tokens_) {  // all of them, so that the time says nothing about which matched
    if (equal_in_constant_time(given, token.secret)) granted = std::max(granted, token.scope);
  }
  if (granted == Scope::kNone) return Status::user("unauthorized", "this token is not known");
  if (granted >= needed) return {};
  return Status::user("forbidden", "this needs a token of scope " + std::string(to_string(needed)) + "; yours has " + std::string(to_string(granted)));
}

bool is_loopback_name(std::string_view host) {
  std::string name = lower(without_port(host));
  if (name.ends_with('.')) name.pop_back();
  const bool ipv4 = name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string::npos;
  return name == "localhost" || name == "[::1]" || ipv4;
}

Status check_origin(const Head& head, bool has_tokens) {
  if (lower(head.fetch_site) == "cross-site") return Status::user("foreign_origin", "a page of another site may not call this");
  if (!head.origin.empty()) {
    const size_t scheme = head.origin.find("://");
    const bool same = scheme != std::string::npos && lower(head.origin.substr(scheme + 3)) == lower(head.host);
    if (!same) return Status::user("foreign_origin", "a page of another origin may not call this");
  }
  if (head.is_loopback && !has_tokens && !head.host.empty() && !is_loopback_name(head.host)) {
    return Status::user("foreign_host", "this address answers to localhost, 127.0.0.1 and [::1] only; for other names set server.token_file");
  }
  return {};
}

}  // namespace laketide::http
