#include "sinks/postgres/identifier.h"

#include <cstdint>
#include <cstdio>

namespace laketide::postgres {
namespace {

constexpr size_t kNameBytesMax = 63;  // NAMEDATALEN - 1

std::string doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out += quote;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  char buffer[4];
  for (const char c : text) {
    if (c > ' ' && c < 127 && c != '%' && c != '/') {
      out += c;
    } else {
      std::snprintf(buffer, sizeof buffer, "%%%02X", static_cast<unsigned char>(c));
      out += buffer;
    }
  }
  return out;
}

uint64_t fnv1a(std::string_view text) {
  uint64_t hash = 14695981039346656037ull;
  for (const unsigned char c : text) hash = (hash ^ c) * 1099511628211ull;
  return hash;
}

// One part of a dotted name, taken off the front of `rest`.
Result<std::string> take_part(std::string_view& rest, std::string_view whole) {
  std::string part;
  if (!rest.empty() && rest.front() == '"') {
    size_t at = 1;
    for (;; ++at) {
      if (at >= rest.size()) {
        return Status::user("bad_identifier", "a double quote is not closed: " + std::string(whole));
      }
      if (rest[at] != '"') {
        part += rest[at];
      } else if (at + 1 < rest.size() && rest[at + 1] == '"') {
        part += rest[at++];
      } else {
        break;
      }
    }
    rest.remove_prefix(at + 1);
  } else {
    const auto end = rest.find('.');
    for (const char c : rest.substr(0, end)) part += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end);
  }
  LT_RETURN_IF_ERROR(check_identifier(part));
  return part;
}

}  // namespace

std::string quote_identifier(std::string_view name) { return doubled(name, '"'); }
std::string quote_literal(std::string_view text) { return doubled(text, '\''); }

std::string quote_identifiers(const std::vector<std::string>& names, std::string_view prefix) {
  std::string out;
  for (const auto& name : names) {
    if (!out.empty()) out += ", ";
    out.append(prefix).append(quote_identifier(name));
  }
  return out;
}

Status check_identifier(std::string_view name) {
  if (name.empty()) return Status::user("bad_identifier", "a PostgreSQL name must not be empty");
  if (name.find('\0') != std::string_view::npos) {
    return Status::user("bad_identifier", "a PostgreSQL name must not contain a zero byte");
  }
  if (name.size() > kNameBytesMax) {
    return Status::user("bad_identifier", "PostgreSQL cuts names after 63 bytes, so two columns could become one; rename it (AS in "
                                          "the select): " + std::string(name));
  }
  return {};
}

Result<TableName> parse_table_name(std::string_view text) {
  std::string_view rest = text;
  LT_ASSIGN_OR_RETURN(auto first, take_part(rest, text));
  if (rest.empty()) return TableName{"public", std::move(first)};
  if (rest.front() != '.') {
    return Status::user("bad_identifier", "a table reads schema.table: " + std::string(text));
  }
  rest.remove_prefix(1);
  LT_ASSIGN_OR_RETURN(auto second, take_part(rest, text));
  if (!rest.empty()) {
    return Status::user("bad_identifier", "a table reads schema.table, quoted where a part has dots: " + std::string(text));
  }
  return TableName{std::move(first), std::move(second)};
}

std::string application_name(std::string_view pipeline, std::string_view sink) {
  const std::string full = "laketide/" + percent_encoded(pipeline) + "/" + percent_encoded(sink);
  if (full.size() <= kNameBytesMax) return full;
  char hash[18];
  std::snprintf(hash, sizeof hash, "~%016llx", static_cast<unsigned long long>(fnv1a(full)));
  return full.substr(0, kNameBytesMax - 17) + hash;
}

}  // namespace laketide::postgres
