#include "sinks/postgres/json_text.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/utf8.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "sinks/postgres/cell_encoder.h"

namespace laketide::postgres {
namespace {

constexpr const char* kBadUtf8Inside = "a text inside the nested value is not valid UTF-8";
constexpr const char* kZeroInside = "a text inside the nested value has a zero byte, which jsonb cannot hold";

template <typename Number>
void append_number(Number value, std::string& out) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), end);
}

void append_real(double value, bool single, std::string& out) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
  } else if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else if (single) {
    append_number(static_cast<float>(value), out);
  } else {
    append_number(value, out);
  }
}

const char* append_text(std::string_view text, std::string& out) {
  if (!arrow::util::ValidateUTF8(reinterpret_cast<const uint8_t*>(text.data()), static_cast<int64_t>(text.size()))) return kBadUtf8Inside;
  out += '"';
  for (const char c : text) {
    if (c == 0) return kZeroInside;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      out += escape;
    } else {
      out += c;
    }
  }
  out += '"';
  return nullptr;
}

void append_hex(std::string_view bytes, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  out += "\"\\\\x";
  for (const unsigned char c : bytes) {
    out += kHex[c >> 4];
    out += kHex[c & 15];
  }
  out += '"';
}

int64_t units_per_second(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND: return 1;
    case arrow::TimeUnit::MILLI: return 1'000;
    case arrow::TimeUnit::MICRO: return 1'000'000;
    case arrow::TimeUnit::NANO: return 1'000'000'000;
  }
  return 1;
}

void append_date(int64_t days, std::string& out) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  out += text;
}

// hh:mm:ss, and as many decimals as the unit has unless they are all zero.
void append_clock(int64_t of_day, int64_t per_second, std::string& out) {
  const int64_t seconds = of_day / per_second;
  int64_t fraction = of_day % per_second;
  char text[32];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d", static_cast<int>(seconds / 3600), static_cast<int>(seconds / 60 % 60),
                static_cast<int>(seconds % 60));
  out += text;
  if (fraction == 0) return;
  out += '.';
  for (int64_t digit = per_second / 10; digit > 0 && fraction > 0; digit /= 10) {
    out += static_cast<char>('0' + fraction / digit);
    fraction %= digit;
  }
}

void append_timestamp(int64_t value, const arrow::TimestampType& type, std::string& out) {
  const int64_t per_second = units_per_second(type.unit());
  const int64_t per_day = per_second * 86'400;
  int64_t days = value / per_day;
  int64_t rest = value % per_day;
  if (rest < 0) {
    rest += per_day;
    --days;
  }
  out += '"';
  append_date(days, out);
  out += 'T';
  append_clock(rest, per_second, out);
  if (!type.timezone().empty()) out += "+00:00";
  out += '"';
}

template <typename ArrayType>
auto value_at(const arrow::Array& values, int64_t row) {
  return static_cast<const ArrayType&>(values).Value(row);
}
template <typename ArrayType>
std::string_view view_at(const arrow::Array& values, int64_t row) {
  return static_cast<const ArrayType&>(values).GetView(row);
}

const char* append_object(const arrow::StructArray& values, int64_t row, std::string& out) {
  const auto& type = static_cast<const arrow::StructType&>(*values.type());
  out += '{';
  for (int column = 0; column < type.num_fields(); ++column) {
    const auto& field = *type.field(column);
    if (column > 0) out += ',';
    if (const char* why = append_text(field.name(), out)) return why;
    out += ':';
    const auto cells = values.field(column);
    if (is_json_text(field) && cells->IsValid(row)) {
      out += view_at<arrow::StringArray>(*cells, row);
    } else if (const char* why = append_json(*cells, row, out)) {
      return why;
    }
  }
  out += '}';
  return nullptr;
}

template <typename ListType>
const char* append_list(const ListType& values, int64_t row, std::string& out) {
  const bool json = is_json_text(*values.type()->field(0));
  out += '[';
  for (int64_t at = values.value_offset(row); at < values.value_offset(row + 1); ++at) {
    if (at > values.value_offset(row)) out += ',';
    if (json && values.values()->IsValid(at)) {
      out += view_at<arrow::StringArray>(*values.values(), at);
    } else if (const char* why = append_json(*values.values(), at, out)) {
      return why;
    }
  }
  out += ']';
  return nullptr;
}

const char* append_map(const arrow::MapArray& values, int64_t row, std::string& out) {
  out += '{';
  for (int64_t at = values.value_offset(row); at < values.value_offset(row + 1); ++at) {
    if (at > values.value_offset(row)) out += ',';
    if (const char* why = append_text(view_at<arrow::StringArray>(*values.keys(), at), out)) return why;
    out += ':';
    if (const char* why = append_json(*values.items(), at, out)) return why;
  }
  out += '}';
  return nullptr;
}

const char* append_scalar(const arrow::Array& values, int64_t row, std::string& out) {
  const auto& type = *values.type();
  switch (type.id()) {
    case arrow::Type::BOOL: out += value_at<arrow::BooleanArray>(values, row) ? "true" : "false"; break;
    case arrow::Type::INT8: append_number<int>(value_at<arrow::Int8Array>(values, row), out); break;
    case arrow::Type::UINT8: append_number<int>(value_at<arrow::UInt8Array>(values, row), out); break;
    case arrow::Type::INT16: append_number(value_at<arrow::Int16Array>(values, row), out); break;
    case arrow::Type::UINT16: append_number(value_at<arrow::UInt16Array>(values, row), out); break;
    case arrow::Type::INT32: append_number(value_at<arrow::Int32Array>(values, row), out); break;
    case arrow::Type::UINT32: append_number(value_at<arrow::UInt32Array>(values, row), out); break;
    case arrow::Type::INT64: append_number(value_at<arrow::Int64Array>(values, row), out); break;
    case arrow::Type::UINT64: append_number(value_at<arrow::UInt64Array>(values, row), out); break;
    case arrow::Type::FLOAT: append_real(value_at<arrow::FloatArray>(values, row), true, out); break;
    case arrow::Type::DOUBLE: append_real(value_at<arrow::DoubleArray>(values, row), false, out); break;
    case arrow::Type::DECIMAL128: out += static_cast<const arrow::Decimal128Array&>(values).FormatValue(row); break;
    case arrow::Type::DECIMAL256: out += static_cast<const arrow::Decimal256Array&>(values).FormatValue(row); break;
    case arrow::Type::STRING: return append_text(view_at<arrow::StringArray>(values, row), out);
    case arrow::Type::LARGE_STRING: return append_text(view_at<arrow::LargeStringArray>(values, row), out);
    case arrow::Type::BINARY: append_hex(view_at<arrow::BinaryArray>(values, row), out); break;
    case arrow::Type::LARGE_BINARY: append_hex(view_at<arrow::LargeBinaryArray>(values, row), out); break;
    case arrow::Type::FIXED_SIZE_BINARY: append_hex(view_at<arrow::FixedSizeBinaryArray>(values, row), out); break;
    case arrow::Type::DATE32:
      out += '"';
      append_date(value_at<arrow::Date32Array>(values, row), out);
      out += '"';
      break;
    case arrow::Type::TIME64:
      out += '"';
      append_clock(value_at<arrow::Time64Array>(values, row),
                   units_per_second(static_cast<const arrow::Time64Type&>(type).unit()), out);
      out += '"';
      break;
    case arrow::Type::TIMESTAMP:
      append_timestamp(value_at<arrow::TimestampArray>(values, row), static_cast<const arrow::TimestampType&>(type), out);
      break;
    default: out += "null"; break;
  }
  return nullptr;
}

}  // namespace

bool has_json_text(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRUCT:
      for (const auto& field : type.fields()) {
        if (!has_json_text(*field->type())) return false;
      }
      return true;
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST: return has_json_text(*type.field(0)->type());
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(type);
      return map.key_type()->id() == arrow::Type::STRING && has_json_text(*map.item_type());
    }
    case arrow::Type::BOOL:
    case arrow::Type::INT8:
    case arrow::Type::UINT8:
    case arrow::Type::INT16:
    case arrow::Type::UINT16:
    case arrow::Type::INT32:
    case arrow::Type::UINT32:
    case arrow::Type::INT64:
    case arrow::Type::UINT64:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256:
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::FIXED_SIZE_BINARY:
    case arrow::Type::DATE32:
    case arrow::Type::TIME64:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::NA: return true;
    default: return false;
  }
}

const char* append_json(const arrow::Array& values, int64_t row, std::string& out) {
  if (values.IsNull(row)) {
    out += "null";
    return nullptr;
  }
  switch (values.type_id()) {
    case arrow::Type::STRUCT: return append_object(static_cast<const arrow::StructArray&>(values), row, out);
    case arrow::Type::MAP: return append_map(static_cast<const arrow::MapArray&>(values), row, out);
    case arrow::Type::LIST: return append_list(static_cast<const arrow::ListArray&>(values), row, out);
    case arrow::Type::LARGE_LIST: return append_list(static_cast<const arrow::LargeListArray&>(values), row, out);
    default: return append_scalar(values, row, out);
  }
}

}  // namespace laketide::postgres
