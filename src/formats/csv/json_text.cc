#include "formats/csv/json_text.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <arrow/type.h>

#include "flow/schema_text.h"

namespace laketide::csv {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

size_t digits_at(std::string_view text, size_t at) {
  const size_t begin = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  return at - begin;
}

bool equals(std::string_view text, std::string_view word) {
  return std::ranges::equal(text, word, [](unsigned char a, char b) { return std::tolower(a) == b; });
}

void append_number(std::string& out, std::string_view text) {
  std::string_view number = text.starts_with('+') ? text.substr(1) : text;
  if (!is_json_number(number)) return append_json_text(out, text);
  if (number.starts_with('-')) {
    out += '-';
    number.remove_prefix(1);
  }
  while (begins_with_zeros(number)) number.remove_prefix(1);
  out += number;
}

void append_boolean(std::string& out, std::string_view text) {
  for (const char* word : {"true", "t", "yes", "y", "1"}) {
    if (equals(text, word)) return void(out += "true");
  }
  for (const char* word : {"false", "f", "no", "n", "0"}) {
    if (equals(text, word)) return void(out += "false");
  }
  append_json_text(out, text);
}

}  // namespace

bool is_json_number(std::string_view text) {
  size_t at = text.starts_with('-') ? 1 : 0;
  const size_t whole = digits_at(text, at);
  if (whole == 0) return false;
  at += whole;
  if (at < text.size() && text[at] == '.') {
    const size_t fraction = digits_at(text, at + 1);
    if (fraction == 0) return false;
    at += 1 + fraction;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const size_t exponent = digits_at(text, at);
    if (exponent == 0) return false;
    at += exponent;
  }
  return at == text.size();
}

bool begins_with_zeros(std::string_view number) {
  if (number.starts_with('-')) number.remove_prefix(1);
  return number.size() > 1 && number[0] == '0' && is_digit(number[1]);
}

JsonKind json_kind_of(const arrow::Field& field) {
  if (is_jsonb(field)) return JsonKind::kDocument;
  switch (field.type()->id()) {
    case arrow::Type::BOOL: return JsonKind::kBoolean;
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::DECIMAL128: return JsonKind::kNumber;
    case arrow::Type::STRUCT:
    case arrow::Type::LIST: return JsonKind::kDocument;
    default: return JsonKind::kText;
  }
}

void append_json_text(std::string& out, std::string_view text) {
  static constexpr std::array<char, 16> kHex{'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_json(std::string& out, const CsvValue& value, JsonKind kind) {
  const bool is_text = kind == JsonKind::kText;
  const std::string_view text = is_text ? value.text : trimmed(value.text);
  if (text.empty() && (!is_text || !value.quoted)) return void(out += "null");
  switch (kind) {
    case JsonKind::kText: return append_json_text(out, text);
    case JsonKind::kNumber: return append_number(out, text);
    case JsonKind::kBoolean: return append_boolean(out, text);
    case JsonKind::kDocument: return void(out += text);
  }
}

}  // namespace laketide::csv
