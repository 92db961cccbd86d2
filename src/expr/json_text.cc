#include "expr/json_text.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include <simdjson.h>

#include "expr/decimal.h"
#include "expr/number_text.h"

namespace laketide::expr {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

// RFC 8259: the library looks at numbers only when it computes them, which long ones must not be.
bool is_json_number(std::string_view text) {
  size_t at = 0;
  const auto digits = [&] {
    const size_t from = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at > from;
  };
  if (at < text.size() && text[at] == '-') ++at;
  const bool zero = at < text.size() && text[at] == '0';
  const size_t first = at;
  if (!digits() || (zero && at > first + 1)) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (at < text.size() && (text[at] | 32) == 'e') {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!digits()) return false;
  }
  return at == text.size();
}

error_code check(ondemand::value value);

error_code check_object(ondemand::value value) {
  ondemand::object object;
  if (const auto wrong = value.get_object().get(object)) return wrong;
  for (auto field : object) {
    std::string_view key;
    if (const auto wrong = field.unescaped_key().get(key)) return wrong;
    if (key.find('\0') != std::string_view::npos) return simdjson::STRING_ERROR;
    ondemand::value inner;
    if (const auto wrong = field.value().get(inner)) return wrong;
    if (const auto wrong = check(inner)) return wrong;
  }
  return simdjson::SUCCESS;
}

error_code check_array(ondemand::value value) {
  ondemand::array array;
  if (const auto wrong = value.get_array().get(array)) return wrong;
  for (auto element : array) {
    ondemand::value inner;
    if (const auto wrong = element.get(inner)) return wrong;
    if (const auto wrong = check(inner)) return wrong;
  }
  return simdjson::SUCCESS;
}

// The library reads on demand; so everything is demanded. Its own limit of depth (1024) ends the recursion.
error_code check(ondemand::value value) {
  ondemand::json_type type;
  if (const auto wrong = value.type().get(type)) return wrong;
  switch (type) {
    case ondemand::json_type::object: return check_object(value);
    case ondemand::json_type::array: return check_array(value);
    case ondemand::json_type::string: {
      std::string_view text;
      if (const auto wrong = value.get_string().get(text)) return wrong;
      return text.find('\0') == std::string_view::npos ? simdjson::SUCCESS : simdjson::STRING_ERROR;
    }
    // Left unread, as it may be too long for the library; the loop around passes over it.
    case ondemand::json_type::number: return is_json_number(trim_blanks(value.raw_json_token())) ? simdjson::SUCCESS : simdjson::NUMBER_ERROR;
    case ondemand::json_type::boolean: {
      bool ignored;
      return value.get_bool().get(ignored);
    }
    case ondemand::json_type::null: {
      bool null;
      if (const auto wrong = value.is_null().get(null)) return wrong;
      return null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
    }
  }
  return simdjson::TAPE_ERROR;
}

std::optional<std::string_view> raw(ondemand::value value) {
  ondemand::json_type type;
  if (value.type().get(type)) return std::nullopt;
  std::string_view text;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    if (value.get_object().get(object) || object.raw_json().get(text)) return std::nullopt;
  } else if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (value.get_array().get(array) || array.raw_json().get(text)) return std::nullopt;
  } else {
    text = value.raw_json_token();
  }
  return trim_blanks(text);
}

}  // namespace

/// The library's parser, and the text with the bytes it wants behind it. Confined to its task.
struct JsonReader::Parser {
  ondemand::parser parser;
  std::vector<char> padded;
  std::string value;  // what a view points into, where it is not the text

  simdjson::simdjson_result<ondemand::document> iterate(std::string_view json) {
    padded.resize(std::max(padded.size(), json.size() + simdjson::SIMDJSON_PADDING));
    std::memcpy(padded.data(), json.data(), json.size());
    std::memset(padded.data() + json.size(), 0, simdjson::SIMDJSON_PADDING);
    return parser.iterate(padded.data(), json.size(), padded.size());
  }
};

JsonReader::JsonReader() : parser_(std::make_unique<Parser>()) {}
JsonReader::~JsonReader() = default;
JsonReader::JsonReader(JsonReader&&) noexcept = default;
JsonReader& JsonReader::operator=(JsonReader&&) noexcept = default;

ErrorCode JsonReader::compact(std::string_view text, std::string& out) {
  constexpr auto kInvalid = ErrorCode::kInvalidTextRepresentation;
  // As the one element of an array every value is read alike, and what follows it is noticed.
  const std::string wrapped = "[" + std::string(text) + "]";
  ondemand::document document;
  ondemand::array array;
  if (parser_->iterate(wrapped).get(document) || document.get_array().get(array)) return kInvalid;
  int values = 0;
  for (auto element : array) {
    ondemand::value value;
    if (element.get(value) || check(value)) return kInvalid;
    ++values;
  }
  const char* more;
  if (values != 1 || !document.current_location().get(more)) return kInvalid;
  out.resize(text.size());
  size_t size = 0;
  if (simdjson::minify(text.data(), text.size(), out.data(), size)) return kInvalid;
  out.resize(size);
  return ErrorCode::kNone;
}

std::optional<std::string_view> JsonReader::member(std::string_view json, std::string_view name) {
  if (json.empty() || json.front() != '{') return std::nullopt;
  ondemand::document document;
  ondemand::object object;
  if (parser_->iterate(json).get(document) || document.get_object().get(object)) return std::nullopt;
  std::optional<std::string_view> found;
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    if (field.unescaped_key().get(key)) return std::nullopt;
    const bool wanted = key == name;
    if (field.value().get(value)) return std::nullopt;
    if (wanted) found = raw(value);
  }
  return found;
}

std::optional<std::string_view> JsonReader::element(std::string_view json, int32_t index) {
  // PostgreSQL keeps a value alone as an array of one.
  const bool alone = !json.empty() && json.front() != '[' && json.front() != '{';
  if (alone && (index == 0 || index == -1)) return json;
  if (json.empty() || json.front() != '[') return std::nullopt;
  ondemand::document document;
  ondemand::array array;
  if (parser_->iterate(json).get(document) || document.get_array().get(array)) return std::nullopt;
  int64_t at = index;
  if (at < 0) {
    size_t count;
    if (array.count_elements().get(count)) return std::nullopt;
    at += static_cast<int64_t>(count);
  }
  for (auto element : array) {
    if (at-- != 0) continue;
    ondemand::value value;
    if (element.get(value)) return std::nullopt;
    return raw(value);
  }
  return std::nullopt;
}

std::optional<std::string_view> JsonReader::text(std::string_view json) {
  if (json == "null") return std::nullopt;
  if (json.front() == '"') {
    // A string is unescaped by the library, as the element of an array.
    const std::string wrapped = "[" + std::string(json) + "]";
    ondemand::document document;
    std::string_view unescaped;
    if (parser_->iterate(wrapped).get(document) || document.at(0).get_string().get(unescaped)) return std::nullopt;
    parser_->value = unescaped;
    return parser_->value;
  }
  const bool number = json.front() == '-' || is_digit(json.front());
  if (!number || (json.find_first_of("eE") == std::string_view::npos && json.front() != '-')) return json;
  const auto digits = digits_of_literal(json);
  bool overflow;
  const auto value = digits ? parse_numeric(json, digits->precision, digits->scale, overflow) : std::nullopt;
  if (!value) return json;
  parser_->value = to_text(*value, digits->scale);
  return parser_->value;
}

}  // namespace laketide::expr
