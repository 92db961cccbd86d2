#include "formats/json/value_reader.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include <arrow/util/decimal.h>

#include "base/iso_time.h"
#include "formats/json/base64.h"

namespace laketide::json {
namespace {

namespace ondemand = simdjson::ondemand;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// The grammar of RFC 8259, as values that are passed over are never converted.
bool is_number(std::string_view text) {
  size_t at = 0;
  const auto digits = [&] {
    const size_t start = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at > start;
  };
  if (at < text.size() && text[at] == '-') ++at;
  if (at < text.size() && text[at] == '0') {
    ++at;
  } else if (!digits()) {
    return false;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!digits()) return false;
  }
  return at == text.size();
}

Outcome of(simdjson::error_code error) {
  if (error == simdjson::SUCCESS) return Outcome::kOk;
  return error == simdjson::DEPTH_ERROR ? Outcome::kTooDeep : Outcome::kBadJson;
}

/// A string's token without escapes, which can be taken as it stands.
bool is_plain(std::string_view token) {
  return token.size() >= 2 && token.back() == '"' && std::memchr(token.data(), '\\', token.size()) == nullptr;
}

/// Steps over a plain string. The iteration must not do that: one that is followed by a colon it would take for a name.
Outcome step_over(ondemand::value& value) { return of(value.get_raw_json_string().error()); }

/// A value that is not of the wanted type: is it JSON at all?
Outcome wrong_type(std::string_view token) {
  switch (token.empty() ? '\0' : token.front()) {
    case '"': case '{': case '[': return Outcome::kWrongType;
    case 't': return token == "true" ? Outcome::kWrongType : Outcome::kBadJson;
    case 'f': return token == "false" ? Outcome::kWrongType : Outcome::kBadJson;
    default: return is_number(token) ? Outcome::kWrongType : Outcome::kBadJson;
  }
}

template <typename T>
Outcome read_integer(ondemand::value& value, std::string_view token, Cell& cell) {
  int64_t number = 0;
  if (value.get_int64().get(number) != simdjson::SUCCESS) {
    const bool integral = is_number(token) && token.find_first_of(".eE") == std::string_view::npos;
    return integral ? Outcome::kOutOfRange : wrong_type(token);
  }
  if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) return Outcome::kOutOfRange;
  cell.set(number);
  return Outcome::kOk;
}

Outcome read_real(ondemand::value& value, std::string_view token, bool single, Cell& cell) {
  double number = 0;
  if (value.get_double().get(number) != simdjson::SUCCESS) return is_number(token) ? Outcome::kOutOfRange : wrong_type(token);
  if (single && std::isinf(static_cast<float>(number))) return Outcome::kOutOfRange;
  cell.set_real(number);
  return Outcome::kOk;
}

constexpr int32_t kDigitsMax = 38;  // of any numeric

/// Digits beyond the scale are rounded half away from zero, as PostgreSQL does.
Outcome read_decimal(std::string_view text, const Column& column, Cell& cell) {
  if (!is_number(text)) return Outcome::kWrongType;
  arrow::Decimal128 number;
  int32_t precision = 0;
  int32_t scale = 0;
  if (!arrow::Decimal128::FromString(text, &number, &precision, &scale).ok()) return Outcome::kOutOfRange;
  if (scale - column.scale > kDigitsMax) {
    number = arrow::Decimal128();  // less than half of the last digit kept
  } else if (scale > column.scale) {
    number = arrow::Decimal128(number.ReduceScaleBy(scale - column.scale, true));
  } else if (scale < column.scale) {
    const auto raised = number.Rescale(scale, column.scale);
    if (!raised.ok()) return Outcome::kOutOfRange;
    number = *raised;
  }
  if (!number.FitsInPrecision(column.precision)) return Outcome::kOutOfRange;
  cell.decimal = Cell::Decimal{number.low_bits(), number.high_bits()};
  cell.is_set = true;
  return Outcome::kOk;
}

bool is_uuid_text(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    if (dash ? c != '-' : !(is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) return false;
  }
  return true;
}

Outcome check(ondemand::value& value, int depth);

Outcome check_array(ondemand::value& value, int depth) {
  ondemand::array array;
  if (const auto error = value.get_array().get(array)) return of(error);
  for (auto one : array) {
    if (one.error() != simdjson::SUCCESS) return of(one.error());
    ondemand::value&& element = std::move(one).value_unsafe();
    if (const Outcome inner = check(element, depth + 1); inner != Outcome::kOk) return inner;
  }
  return Outcome::kOk;
}

Outcome check_object(ondemand::value& value, int depth) {
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return of(error);
  for (auto one : object) {
    if (one.error() != simdjson::SUCCESS) return of(one.error());
    ondemand::field&& field = std::move(one).value_unsafe();
    std::string_view name;
    if (const auto error = field.unescaped_key().get(name)) return of(error);
    if (const Outcome inner = check(field.value(), depth + 1); inner != Outcome::kOk) return inner;
  }
  return Outcome::kOk;
}

/// Walks over a value, so that what is passed over is JSON too.
Outcome check(ondemand::value& value, int depth) {
  if (depth > kDepthMax) return Outcome::kTooDeep;
  const std::string_view token = token_of(value);
  switch (token.empty() ? '\0' : token.front()) {
    case '{': return check_object(value, depth);
    case '[': return check_array(value, depth);
    case '"': {
      // Only escapes can still be wrong: the rest of a string was checked with the whole text.
      if (is_plain(token)) return step_over(value);
      std::string_view text;
      return of(value.get_string().get(text));
    }
    case 't': return token == "true" ? Outcome::kOk : Outcome::kBadJson;
    case 'f': return token == "false" ? Outcome::kOk : Outcome::kBadJson;
    case 'n': return token == "null" ? Outcome::kOk : Outcome::kBadJson;
    // Not consumed: the iteration around it steps over a scalar.
    default: return is_number(token) ? Outcome::kOk : Outcome::kBadJson;
  }
}

}  // namespace

bool is_at_end(ondemand::document& document) { return document.current_location().error() == simdjson::OUT_OF_BOUNDS; }

std::string_view raw_name_of(ondemand::field& field, bool& escaped) {
  const char* const raw = field.key().raw();
  size_t size = 0;
  escaped = false;
  for (; raw[size] != '"'; ++size) {
    if (raw[size] != '\\') continue;
    escaped = true;
    ++size;
  }
  return {raw, size};
}

void ValueReader::start_record(size_t record_size) {
  used_ = 0;
  elements_.clear();
  open_.clear();
  // What is written here never exceeds its source, but by the minifier's last block and by base64's last group for each of the
  // values, which are two bytes each at least.
  const size_t enough = 4 * record_size + 256;
  if (scratch_.size() < enough) scratch_.resize(enough);
}

char* ValueReader::scratch(size_t size) {
  char* place = scratch_.data() + used_;
  used_ += size;
  return place;
}

Outcome ValueReader::read(ondemand::document& document, ondemand::value& value, std::string_view token,
                          const Column& column, Cell& cell) {
  if (column.kind == ColumnKind::kList || column.kind == ColumnKind::kStruct) {
    fault_ = {};
    rescued_.clear();
  }
  return read_value(document, value, token, column, cell);
}

Outcome ValueReader::read_value(ondemand::document& document, ondemand::value& value, std::string_view token,
                                const Column& column, Cell& cell) {
  cell.is_set = false;
  switch (column.kind) {
    case ColumnKind::kJsonb: {
      std::string_view raw;
      if (const Outcome taken = take_raw(document, value, raw); taken != Outcome::kOk) return taken;
      // JSON's null is SQL's null, as with every other type.
      if (raw != "null") cell.set_bytes(raw);
      return Outcome::kOk;
    }
    case ColumnKind::kList: return read_list(document, value, token, column, cell);
    case ColumnKind::kStruct: return read_struct(document, value, token, column, cell);
    default: return read_scalar(value, token, column, cell);
  }
}

Outcome ValueReader::read_scalar(ondemand::value& value, std::string_view token, const Column& column, Cell& cell) {
  if (token == "null") return Outcome::kOk;
  switch (column.kind) {
    case ColumnKind::kBoolean:
      if (token != "true" && token != "false") return wrong_type(token);
      cell.set(token.size() == 4);
      return Outcome::kOk;
    case ColumnKind::kSmallint: return read_integer<int16_t>(value, token, cell);
    case ColumnKind::kInt: return read_integer<int32_t>(value, token, cell);
    case ColumnKind::kBigint: return read_integer<int64_t>(value, token, cell);
    case ColumnKind::kReal: return read_real(value, token, true, cell);
    case ColumnKind::kDouble: return read_real(value, token, false, cell);
    case ColumnKind::kNumeric:
      if (token.front() != '"') return is_number(token) ? read_decimal(token, column, cell) : wrong_type(token);
      if (!is_plain(token)) return Outcome::kWrongType;
      if (const Outcome stepped = step_over(value); stepped != Outcome::kOk) return stepped;
      return read_decimal(token.substr(1, token.size() - 2), column, cell);
    default: return read_string(value, token, column.kind, cell);
  }
}

Outcome ValueReader::read_string(ondemand::value& value, std::string_view token, ColumnKind kind, Cell& cell) {
  if (token.front() != '"') return wrong_type(token);
  std::string_view text = token.size() >= 2 ? token.substr(1, token.size() - 2) : std::string_view();
  if (is_plain(token)) {
    if (const Outcome stepped = step_over(value); stepped != Outcome::kOk) return stepped;
  } else if (const auto error = value.get_string().get(text)) {
    return of(error);
  }
  switch (kind) {
    case ColumnKind::kDate: {
      const auto days = parse_iso_date(text);
      if (days) cell.set(*days);
      return days ? Outcome::kOk : Outcome::kWrongType;
    }
    case ColumnKind::kTime: {
      const auto micros = parse_iso_time_of_day(text);
      // Second 60 of the day's last minute would be the next day.
      const bool fits = micros && *micros < int64_t{86'400} * 1'000'000;
      if (fits) cell.set(*micros);
      return fits ? Outcome::kOk : Outcome::kWrongType;
    }
    case ColumnKind::kTimestamp:
    case ColumnKind::kTimestamptz: {
      const auto time = parse_iso_time(text);
      if (time) cell.set(time->instant.micros);
      return time ? Outcome::kOk : Outcome::kWrongType;
    }
    case ColumnKind::kBytea: {
      char* const bytes = scratch(base64_decoded_size_max(text.size()));
      const auto size = decode_base64(text, bytes);
      if (size) cell.set_bytes({bytes, *size});
      return size ? Outcome::kOk : Outcome::kWrongType;
    }
    case ColumnKind::kUuid: {
      if (!is_uuid_text(text)) return Outcome::kWrongType;
      char* const low = scratch(text.size());
      for (size_t i = 0; i < text.size(); ++i) low[i] = text[i] >= 'A' && text[i] <= 'F' ? char(text[i] + 32) : text[i];
      cell.set_bytes({low, text.size()});
      return Outcome::kOk;
    }
    default: cell.set_bytes(text); return Outcome::kOk;
  }
}

Outcome ValueReader::read_list(ondemand::document& document, ondemand::value& value, std::string_view token,
                               const Column& column, Cell& cell) {
  if (token == "null") return Outcome::kOk;
  if (token.front() != '[') return wrong_type(token);
  ondemand::array array;
  if (const auto error = value.get_array().get(array)) return of(error);
  const Column& element = column.inner[0];
  const size_t first = open_.size();
  std::string rescued;  // with null for each element of which there is nothing to keep, so that places stay
  bool any = false;
  for (auto one : array) {
    if (one.error() != simdjson::SUCCESS) return of(one.error());
    ondemand::value&& next = std::move(one).value_unsafe();
    Cell read_cell;
    if (const Outcome outcome = read_value(document, next, token_of(next), element, read_cell); outcome != Outcome::kOk) return outcome;
    open_.push_back(read_cell);
    if (unknown_ != UnknownFields::kRescue || element.kind != ColumnKind::kStruct) continue;
    any |= !rescued_.empty();
    rescued += (rescued.empty() ? "[" : ",") + (rescued_.empty() ? "null" : rescued_);
    rescued_.clear();
  }
  if (any) rescued_ = rescued + "]";
  cell.elements = Cell::Elements{static_cast<uint32_t>(elements_.size()), static_cast<uint32_t>(open_.size() - first)};
  cell.is_set = true;
  elements_.insert(elements_.end(), open_.begin() + static_cast<ptrdiff_t>(first), open_.end());
  open_.resize(first);
  return Outcome::kOk;
}

Outcome ValueReader::read_struct(ondemand::document& document, ondemand::value& value, std::string_view token,
                                 const Column& column, Cell& cell) {
  if (token == "null") return Outcome::kOk;
  if (token.front() != '{') return wrong_type(token);
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return of(error);
  const std::vector<Column>& members = column.inner;
  const size_t first = elements_.size();
  elements_.resize(first + members.size());
  std::string rescued;
  size_t position = 0;
  for (auto one : object) {
    if (one.error() != simdjson::SUCCESS) return of(one.error());
    ondemand::field&& field = std::move(one).value_unsafe();
    size_t at = position++;
    std::string_view raw_name;
    if (at >= members.size() || !members[at].plain_name || !field.key().unsafe_is_equal(members[at].name)) {
      bool escaped = false;
      raw_name = raw_name_of(field, escaped);
      std::string_view name = raw_name;
      if (escaped) {
        if (const auto error = field.unescaped_key().get(name)) return of(error);
      }
      for (at = 0; at < members.size() && members[at].name != name; ++at) {}
    }
    ondemand::value& inner = field.value();
    if (at == members.size()) {
      if (const Outcome outcome = read_unknown(document, raw_name, inner); outcome != Outcome::kOk) return outcome;
    } else {
      const std::string_view inner_token = token_of(inner);
      Cell read_cell;
      const Outcome outcome = read_value(document, inner, inner_token, members[at], read_cell);
      if (outcome != Outcome::kOk) return refuse(outcome, members[at], inner_token.data());
      elements_[first + at] = read_cell;
      if (raw_name.empty()) raw_name = members[at].name;  // plain: as it stands in the text
    }
    if (rescued_.empty()) continue;
    rescued.append(rescued.empty() ? "{\"" : ",\"").append(raw_name).append("\":").append(rescued_);
    rescued_.clear();
  }
  for (size_t i = 0; i < members.size(); ++i) {
    if (members[i].not_null && !elements_[first + i].is_set) return refuse(Outcome::kMissingField, members[i], nullptr);
  }
  if (!rescued.empty()) rescued_ = rescued + "}";
  cell.elements = Cell::Elements{static_cast<uint32_t>(first), static_cast<uint32_t>(members.size())};
  cell.is_set = true;
  return Outcome::kOk;
}

// Leaves in `rescued_` what is to be kept of it.
Outcome ValueReader::read_unknown(ondemand::document& document, std::string_view raw_name, ondemand::value& value) {
  if (unknown_ == UnknownFields::kIgnore) return skip(value);
  if (unknown_ == UnknownFields::kFail) {
    fault_ = {std::string(raw_name), nullptr, nullptr};
    return Outcome::kUnknownField;
  }
  std::string_view raw;
  const Outcome outcome = take_raw(document, value, raw);
  rescued_ = raw;
  return outcome;
}

// Of members within one another the innermost is at fault.
Outcome ValueReader::refuse(Outcome outcome, const Column& member, const char* value) {
  if (fault_.path.empty()) {
    fault_ = {member.name, &member, value};
  } else {
    fault_.path.insert(0, member.name + ".");
  }
  return outcome;
}

Outcome ValueReader::skip(ondemand::value& value) { return check(value, 0); }

Outcome ValueReader::take_raw(ondemand::document& document, ondemand::value& value, std::string_view& raw) {
  const std::string_view token = token_of(value);
  if (const Outcome checked = check(value, 0); checked != Outcome::kOk) return checked;
  if (token.front() != '{' && token.front() != '[') {
    raw = token;
    return Outcome::kOk;
  }
  const char* end = nullptr;
  if (const auto error = document.current_location().get(end)) return of(error);
  const std::string_view text = trimmed({token.data(), static_cast<size_t>(end - token.data())});
  char* const compact = scratch(text.size() + simdjson::SIMDJSON_PADDING);
  size_t size = 0;
  if (const auto error = simdjson::minify(text.data(), text.size(), compact, size)) return of(error);
  used_ -= text.size() + simdjson::SIMDJSON_PADDING - size;
  raw = {compact, size};
  return Outcome::kOk;
}

}  // namespace laketide::json
