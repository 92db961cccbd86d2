// Columns whose binary form has a fixed length: booleans, integers, floating point, dates and times.
#include <arrow/array/array_primitive.h>
#include <arrow/type.h>

#include <bit>
#include <cmath>
#include <limits>

#include "sinks/postgres/cell_encoder.h"

namespace laketide::postgres {
namespace {

// Limits of PostgreSQL's calendar (src/include/datatype/timestamp.h), counted from 2000-01-01.
constexpr int64_t kDaysTo2000 = 10957;
constexpr int64_t kMicrosTo2000 = 946'684'800'000'000;
constexpr int64_t kMinDate = -2'451'545;
constexpr int64_t kEndDate = 2'145'031'949;
constexpr int64_t kMinTimestamp = -211'813'488'000'000'000;
constexpr int64_t kEndTimestamp = 9'223'371'331'200'000'000;

constexpr const char* kOutOfRange = "out_of_range";

// Writes values that `Convert` turns into the wire's form; it answers false for what the column cannot hold.
template <typename ArrayType, typename Wire, typename Convert>
class FixedCell final : public CellEncoder {
 public:
  explicit FixedCell(Convert convert, const char* reason) : convert_(convert), reason_(reason) {}

  void measure(const arrow::Array& values, size_t* sizes, RowRefusals& refusals) override {
    const auto& array = static_cast<const ArrayType&>(values);
    const int64_t rows = array.length();
    Wire wire{};
    if (array.null_count() == 0) {
      for (int64_t row = 0; row < rows; ++row) {
        sizes[row] += kCellBytes;
        if (!convert_(array.Value(row), wire)) refusals.add(row, kOutOfRange, reason_);
      }
      return;
    }
    for (int64_t row = 0; row < rows; ++row) {
      const bool null = array.IsNull(row);
      sizes[row] += null ? 4 : kCellBytes;
      if (!null && !convert_(array.Value(row), wire)) refusals.add(row, kOutOfRange, reason_);
    }
  }

  void write(const arrow::Array& values, char* out, size_t* at) override {
    const auto& array = static_cast<const ArrayType&>(values);
    const int64_t rows = array.length();
    if (array.null_count() == 0) {
      for (int64_t row = 0; row < rows; ++row) put(array, row, out, at);
      return;
    }
    for (int64_t row = 0; row < rows; ++row) {
      if (array.IsValid(row)) {
        put(array, row, out, at);
        continue;
      }
      put_big_endian<int32_t>(out + at[row], -1);
      at[row] += 4;
    }
  }

 private:
  static constexpr size_t kCellBytes = 4 + sizeof(Wire);

  void put(const ArrayType& array, int64_t row, char* out, size_t* at) const {
    Wire wire{};
    static_cast<void>(convert_(array.Value(row), wire));
    put_big_endian<int32_t>(out + at[row], sizeof(Wire));
    put_big_endian<Wire>(out + at[row] + 4, wire);
    at[row] += kCellBytes;
  }

  Convert convert_;
  const char* reason_;
};

template <typename ArrayType, typename Wire, typename Convert>
std::unique_ptr<CellEncoder> fixed(Convert convert, const char* reason) {
  return std::make_unique<FixedCell<ArrayType, Wire, Convert>>(convert, reason);
}

template <typename ArrayType>
std::unique_ptr<CellEncoder> integer_cell(const std::string& base) {
  constexpr const char* kReason = "the number does not fit the column's integer type";
  if (base == "int2") {
    return fixed<ArrayType, int16_t>([](auto value, int16_t& wire) { wire = static_cast<int16_t>(value); return std::in_range<int16_t>(value); }, kReason);
  }
  if (base == "int4") {
    return fixed<ArrayType, int32_t>([](auto value, int32_t& wire) { wire = static_cast<int32_t>(value); return std::in_range<int32_t>(value); }, kReason);
  }
  if (base == "int8") {
    return fixed<ArrayType, int64_t>([](auto value, int64_t& wire) { wire = static_cast<int64_t>(value); return std::in_range<int64_t>(value); }, kReason);
  }
  if (base == "float8") {
    return fixed<ArrayType, int64_t>([](auto value, int64_t& wire) { wire = std::bit_cast<int64_t>(static_cast<double>(value)); return true; }, "");
  }
  return nullptr;
}

template <typename ArrayType>
std::unique_ptr<CellEncoder> real_cell(const std::string& base) {
  if (base == "float8") {
    return fixed<ArrayType, int64_t>([](auto value, int64_t& wire) { wire = std::bit_cast<int64_t>(static_cast<double>(value)); return true; }, "");
  }
  if (base == "float4") {
    return fixed<ArrayType, int32_t>(
        [](auto value, int32_t& wire) {
          const float narrow = static_cast<float>(value);
          wire = std::bit_cast<int32_t>(narrow);
          const bool overflow = std::isinf(narrow) && !std::isinf(value);
          const bool underflow = narrow == 0 && value != 0;
          return !overflow && !underflow;
        },
        "the number does not fit the column's type real");
  }
  return nullptr;
}

bool scaled_to_micros(int64_t value, int64_t multiply, int64_t divide, int64_t& micros) {
  if (divide > 1) {
    micros = value / divide - (value % divide < 0 ? 1 : 0);
    return true;
  }
  return !__builtin_mul_overflow(value, multiply, &micros);
}

struct Scale {
  int64_t multiply;
  int64_t divide;
};

Scale scale_of(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND: return {1'000'000, 1};
    case arrow::TimeUnit::MILLI: return {1'000, 1};
    case arrow::TimeUnit::MICRO: return {1, 1};
    case arrow::TimeUnit::NANO: return {1, 1'000};
  }
  return {1, 1};
}

std::unique_ptr<CellEncoder> timestamp_cell(arrow::TimeUnit::type unit) {
  return fixed<arrow::TimestampArray, int64_t>(
      [scale = scale_of(unit)](int64_t value, int64_t& wire) {
        int64_t micros = 0;
        if (!scaled_to_micros(value, scale.multiply, scale.divide, micros)) return false;
        return !__builtin_sub_overflow(micros, kMicrosTo2000, &wire) && wire >= kMinTimestamp && wire < kEndTimestamp;
      },
      "the time is outside PostgreSQL's calendar (4713 BC to 294276 AD)");
}

template <typename ArrayType>
std::unique_ptr<CellEncoder> date_cell(int64_t units_per_day) {
  return fixed<ArrayType, int32_t>(
      [units_per_day](int64_t value, int32_t& wire) {
        const int64_t days = value / units_per_day - (value % units_per_day < 0 ? 1 : 0) - kDaysTo2000;
        wire = static_cast<int32_t>(days);
        return days >= kMinDate && days < kEndDate;
      },
      "the date is outside PostgreSQL's calendar (4713 BC to 5874897 AD)");
}

template <typename ArrayType>
std::unique_ptr<CellEncoder> time_cell(arrow::TimeUnit::type unit) {
  return fixed<ArrayType, int64_t>(
      [scale = scale_of(unit)](int64_t value, int64_t& wire) {
        return scaled_to_micros(value, scale.multiply, scale.divide, wire) && wire >= 0 && wire <= 86'400'000'000;
      },
      "the time of day is not between 00:00 and 24:00");
}

}  // namespace

std::unique_ptr<CellEncoder> make_fixed_cell(const arrow::Field& field, const std::string& base) {
  const auto& type = *field.type();
  switch (type.id()) {
    case arrow::Type::BOOL:
      if (base != "bool") return nullptr;
      return fixed<arrow::BooleanArray, int8_t>([](bool value, int8_t& wire) { wire = value ? 1 : 0; return true; }, "");
    case arrow::Type::INT8: return integer_cell<arrow::Int8Array>(base);
    case arrow::Type::UINT8: return integer_cell<arrow::UInt8Array>(base);
    case arrow::Type::INT16: return integer_cell<arrow::Int16Array>(base);
    case arrow::Type::UINT16: return integer_cell<arrow::UInt16Array>(base);
    case arrow::Type::INT32: return integer_cell<arrow::Int32Array>(base);
    case arrow::Type::UINT32: return integer_cell<arrow::UInt32Array>(base);
    case arrow::Type::INT64: return integer_cell<arrow::Int64Array>(base);
    case arrow::Type::UINT64: return integer_cell<arrow::UInt64Array>(base);
    case arrow::Type::FLOAT: return real_cell<arrow::FloatArray>(base);
    case arrow::Type::DOUBLE: return real_cell<arrow::DoubleArray>(base);
    case arrow::Type::DATE32: return base == "date" ? date_cell<arrow::Date32Array>(1) : nullptr;
    case arrow::Type::DATE64: return base == "date" ? date_cell<arrow::Date64Array>(86'400'000) : nullptr;
    case arrow::Type::TIMESTAMP:
      if (base != "timestamp" && base != "timestamptz") return nullptr;
      return timestamp_cell(static_cast<const arrow::TimestampType&>(type).unit());
    case arrow::Type::TIME32:
      return base == "time" ? time_cell<arrow::Time32Array>(static_cast<const arrow::Time32Type&>(type).unit()) : nullptr;
    case arrow::Type::TIME64:
      return base == "time" ? time_cell<arrow::Time64Array>(static_cast<const arrow::Time64Type&>(type).unit()) : nullptr;
    default: return nullptr;
  }
}

}  // namespace laketide::postgres
