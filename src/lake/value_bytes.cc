#include "lake/value_bytes.h"

#include <cstring>
#include <type_traits>

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <nlohmann/json.hpp>

#include "base/ordered_bits.h"
#include "lake/value_text.h"

namespace laketide::lake {
namespace {

constexpr int64_t kDayInMicros = 86'400'000'000;
constexpr int64_t kCutOffMicros = 999;  // the protocol lets writers cut times to milliseconds

template <typename Bits>
void append_bits(Bits key, std::string& out) {
  key = big_endian(key);
  out.append(reinterpret_cast<const char*>(&key), sizeof key);
}

template <typename Integer>
void append_integer(Integer value, std::string& out) {
  using Bits = std::make_unsigned_t<Integer>;
  append_bits(SignedKey<Bits>::to(static_cast<Bits>(value)), out);
}

template <typename Float, typename Bits>
void append_float(Float value, std::string& out) {
  Bits bits;
  std::memcpy(&bits, &value, sizeof bits);
  append_bits(FloatKey<Float, Bits>::to(bits), out);
}

int width_of(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
    case arrow::Type::INT8: return 1;
    case arrow::Type::INT16: return 2;
    case arrow::Type::INT32:
    case arrow::Type::FLOAT:
    case arrow::Type::DATE32: return 4;
    case arrow::Type::INT64:
    case arrow::Type::DOUBLE:
    case arrow::Type::TIMESTAMP: return 8;
    case arrow::Type::DECIMAL128: return 16;
    case arrow::Type::STRING:
    case arrow::Type::BINARY: return 0;
    default: return -1;
  }
}

template <typename ArrayType>
auto raw_value(const arrow::Array& column, int64_t row) {
  return static_cast<const ArrayType&>(column).Value(row);
}

}  // namespace

Result<ValueBytes> ValueBytes::make(std::shared_ptr<arrow::DataType> type, const std::string& column) {
  ValueBytes bytes;
  bytes.width_ = width_of(*type);
  if (bytes.width_ < 0) {
    return Status::user("bad_key", "a column of this type can neither be in a key nor order rows; choose another, or cast it in the SQL: " + column +
                        " is " + type->ToString(), "key");
  }
  bytes.type_ = std::move(type);
  return bytes;
}

void ValueBytes::append(const arrow::Array& column, int64_t row, std::string& out) const {
  switch (type_->id()) {
    case arrow::Type::BOOL: out += static_cast<char>(raw_value<arrow::BooleanArray>(column, row)); return;
    case arrow::Type::INT8: return append_integer(raw_value<arrow::Int8Array>(column, row), out);
    case arrow::Type::INT16: return append_integer(raw_value<arrow::Int16Array>(column, row), out);
    case arrow::Type::INT32: return append_integer(raw_value<arrow::Int32Array>(column, row), out);
    case arrow::Type::DATE32: return append_integer(raw_value<arrow::Date32Array>(column, row), out);
    case arrow::Type::INT64: return append_integer(raw_value<arrow::Int64Array>(column, row), out);
    case arrow::Type::TIMESTAMP: return append_integer(raw_value<arrow::TimestampArray>(column, row), out);
    case arrow::Type::FLOAT: return append_float<float, uint32_t>(raw_value<arrow::FloatArray>(column, row), out);
    case arrow::Type::DOUBLE: return append_float<double, uint64_t>(raw_value<arrow::DoubleArray>(column, row), out);
    case arrow::Type::DECIMAL128: {
      const arrow::Decimal128 value(static_cast<const arrow::Decimal128Array&>(column).GetValue(row));
      append_integer(value.high_bits(), out);
      append_bits(static_cast<uint64_t>(value.low_bits()), out);
      return;
    }
    default: out += static_cast<const arrow::BinaryArray&>(column).GetView(row);
  }
}

std::optional<std::string> ValueBytes::of_bound(const nlohmann::json& bound, bool upper) const {
  std::string out;
  switch (type_->id()) {
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64: {
      if (!bound.is_number_integer() || (bound.is_number_unsigned() && bound.get<uint64_t>() > INT64_MAX)) return std::nullopt;
      const auto value = bound.get<int64_t>();
      const int64_t limit = width_ == 8 ? INT64_MAX : (int64_t{1} << (8 * width_ - 1)) - 1;
      if (value > limit || value < -limit - 1) return std::nullopt;
      const uint64_t key = big_endian(SignedKey<uint64_t>::to(static_cast<uint64_t>(value) << (64 - 8 * width_)));
      out.append(reinterpret_cast<const char*>(&key), static_cast<size_t>(width_));
      return out;
    }
    case arrow::Type::DATE32: {
      const auto micros = bound.is_string() ? parse_timestamp_micros(bound.get<std::string>() + "T00:00:00") : std::nullopt;
      if (!micros) return std::nullopt;
      append_integer(static_cast<int32_t>(*micros / kDayInMicros), out);
      return out;
    }
    case arrow::Type::TIMESTAMP: {
      const auto micros = bound.is_string() ? parse_timestamp_micros(bound.get<std::string>()) : std::nullopt;
      if (!micros) return std::nullopt;
      append_integer(upper ? *micros + kCutOffMicros : *micros, out);
      return out;
    }
    case arrow::Type::STRING: return bound.is_string() ? std::optional(bound.get<std::string>()) : std::nullopt;
    default: return std::nullopt;  // no bounds, or such as lose digits on their way through JSON
  }
}

}  // namespace laketide::lake
