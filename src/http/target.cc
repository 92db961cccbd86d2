#include "http/target.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace laketide::http {
namespace {

Status bad_target(const std::string& detail) { return Status::user("bad_request", detail); }

std::optional<int> hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

Result<std::string> decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const auto high = i + 2 < text.size() ? hex(text[i + 1]) : std::nullopt;
      const auto low = high ? hex(text[i + 2]) : std::nullopt;
      if (!low) return bad_target("a % in the target that is not followed by two hexadecimal digits");
      c = static_cast<char>(*high * 16 + *low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (static_cast<uint8_t>(c) < 0x20 || c == '\x7F') return bad_target("a control byte in the target");
    out += c;
  }
  return out;
}

Status add_parameters(std::string_view query, Target& target) {
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty()) continue;
    const size_t equals = std::min(part.find('='), part.size());
    LT_ASSIGN_OR_RETURN(std::string name, decoded(part.substr(0, equals), true));
    LT_ASSIGN_OR_RETURN(std::string value, decoded(part.substr(std::min(equals + 1, part.size())), true));
    for (const auto& [other, unused] : target.query) {
      if (other == name) return Status::user("bad_request", "a query parameter is given twice: " + name, name);
    }
    target.query.emplace_back(std::move(name), std::move(value));
  }
  return {};
}

Status add_segments(std::string_view path, Target& target) {
  if (!path.starts_with('/')) return bad_target("the target does not begin with /");
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (path == "/") return {};
  for (size_t begin = 1; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    LT_ASSIGN_OR_RETURN(std::string segment, decoded(path.substr(begin, end - begin), false));
    if (segment.empty() || segment == "." || segment == "..") return bad_target("an empty or dot segment in the path");
    target.segments.push_back(std::move(segment));
    begin = end + 1;
  }
  return {};
}

/// Takes "http://host" off the front if it is there; it must be the host that was asked.
Status take_authority(std::string_view& target, std::string_view host) {
  constexpr std::string_view kScheme = "http://";
  if (!target.starts_with(kScheme)) return {};
  target.remove_prefix(kScheme.size());
  const size_t end = std::min(target.find_first_of("/?"), target.size());
  if (target.substr(0, end) != host) return bad_target("the target names another host than the Host field");
  target.remove_prefix(end);
  if (target.empty()) target = "/";
  return {};
}

}  // namespace

Result<Target> parse_target(std::string_view text, std::string_view host) {
  Target target;
  LT_RETURN_IF_ERROR(take_authority(text, host));
  const size_t question = std::min(text.find('?'), text.size());
  LT_RETURN_IF_ERROR(add_segments(text.substr(0, question), target));
  LT_RETURN_IF_ERROR(add_parameters(text.substr(std::min(question + 1, text.size())), target));
  return target;
}

}  // namespace laketide::http
