// Columns whose binary form has to be built value by value: numeric, interval, uuid from text, jsonb from nested values.
#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <charconv>
#include <functional>

#include "sinks/postgres/cell_encoder.h"
#include "sinks/postgres/json_text.h"
#include "sinks/postgres/numeric.h"

namespace laketide::postgres {
namespace {

// Builds each value once, when it is measured, and copies it when it is written. `Build` appends one value and answers
// null, or why it cannot (`code` says so for programs).
template <typename Build>
class BuiltCell final : public CellEncoder {
 public:
  BuiltCell(Build build, const char* code) : build_(std::move(build)), code_(code) {}

  void measure(const arrow::Array& values, size_t* sizes, RowRefusals& refusals) override {
    built_.clear();
    ends_.clear();
    for (int64_t row = 0; row < values.length(); ++row) {
      if (values.IsValid(row)) {
        if (const char* why = build_(values, row, built_)) refusals.add(row, code_, why);
      }
      sizes[row] += 4 + built_.size() - (ends_.empty() ? 0 : ends_.back());
      ends_.push_back(built_.size());
    }
  }

  void write(const arrow::Array& values, char* out, size_t* at) override {
    size_t from = 0;
    for (int64_t row = 0; row < values.length(); ++row) {
      const size_t size = ends_[static_cast<size_t>(row)] - from;
      char* cell = out + at[row];
      put_big_endian<int32_t>(cell, values.IsNull(row) ? -1 : static_cast<int32_t>(size));
      std::memcpy(cell + 4, built_.data() + from, size);
      at[row] += 4 + size;
      from += size;
    }
  }

 private:
  Build build_;
  const char* code_;
  std::string built_;
  std::vector<size_t> ends_;
};

template <typename Build>
std::unique_ptr<CellEncoder> built(Build build, const char* code = "bad_value") {
  return std::make_unique<BuiltCell<Build>>(std::move(build), code);
}

template <typename ArrayType>
std::unique_ptr<CellEncoder> integer_as_numeric() {
  return built([](const arrow::Array& values, int64_t row, std::string& out) -> const char* {
    append_numeric(std::to_string(static_cast<const ArrayType&>(values).Value(row)), 0, out);
    return nullptr;
  });
}

template <typename ArrayType, typename Decimal>
std::unique_ptr<CellEncoder> decimal_as_numeric(int scale) {
  return built([scale](const arrow::Array& values, int64_t row, std::string& out) -> const char* {
    append_numeric(Decimal(static_cast<const ArrayType&>(values).GetValue(row)).ToIntegerString(), scale, out);
    return nullptr;
  });
}

std::unique_ptr<CellEncoder> numeric_cell(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT8: return integer_as_numeric<arrow::Int8Array>();
    case arrow::Type::UINT8: return integer_as_numeric<arrow::UInt8Array>();
    case arrow::Type::INT16: return integer_as_numeric<arrow::Int16Array>();
    case arrow::Type::UINT16: return integer_as_numeric<arrow::UInt16Array>();
    case arrow::Type::INT32: return integer_as_numeric<arrow::Int32Array>();
    case arrow::Type::UINT32: return integer_as_numeric<arrow::UInt32Array>();
    case arrow::Type::INT64: return integer_as_numeric<arrow::Int64Array>();
    case arrow::Type::UINT64: return integer_as_numeric<arrow::UInt64Array>();
    case arrow::Type::DECIMAL128:
      return decimal_as_numeric<arrow::Decimal128Array, arrow::Decimal128>(static_cast<const arrow::DecimalType&>(type).scale());
    case arrow::Type::DECIMAL256:
      return decimal_as_numeric<arrow::Decimal256Array, arrow::Decimal256>(static_cast<const arrow::DecimalType&>(type).scale());
    default: return nullptr;
  }
}

void append_interval(int64_t micros, int32_t days, int32_t months, std::string& out) {
  char bytes[16];
  put_big_endian<int64_t>(bytes, micros);
  put_big_endian<int32_t>(bytes + 8, days);
  put_big_endian<int32_t>(bytes + 12, months);
  out.append(bytes, sizeof bytes);
}

std::unique_ptr<CellEncoder> duration_cell(arrow::TimeUnit::type unit) {
  return built(
      [unit](const arrow::Array& values, int64_t row, std::string& out) -> const char* {
        int64_t micros = static_cast<const arrow::DurationArray&>(values).Value(row);
        bool overflow = false;
        if (unit == arrow::TimeUnit::SECOND) overflow = __builtin_mul_overflow(micros, int64_t{1'000'000}, &micros);
        if (unit == arrow::TimeUnit::MILLI) overflow = __builtin_mul_overflow(micros, int64_t{1'000}, &micros);
        if (unit == arrow::TimeUnit::NANO) micros /= 1'000;
        append_interval(micros, 0, 0, out);
        return overflow ? "the duration does not fit PostgreSQL's interval" : nullptr;
      },
      "out_of_range");
}

std::unique_ptr<CellEncoder> month_day_nano_cell() {
  return built([](const arrow::Array& values, int64_t row, std::string& out) -> const char* {
    const auto value = static_cast<const arrow::MonthDayNanoIntervalArray&>(values).GetValue(row);
    append_interval(value.nanoseconds / 1'000, value.days, value.months, out);
    return nullptr;
  });
}

// Groups 8-4-4-4-12 of hex digits, hyphens where they belong or nowhere.
std::unique_ptr<CellEncoder> uuid_cell() {
  return built(
      [](const arrow::Array& values, int64_t row, std::string& out) -> const char* {
        constexpr const char* kReason = "the text is not a uuid (8-4-4-4-12 hex digits)";
        std::string digits;
        const auto text = static_cast<const arrow::StringArray&>(values).GetView(row);
        for (size_t at = 0; at < text.size(); ++at) {
          const bool hyphen_place = text.size() == 36 && (at == 8 || at == 13 || at == 18 || at == 23);
          if (hyphen_place && text[at] == '-') continue;
          digits += text[at];
        }
        const size_t before = out.size();
        out.append(16, '\0');
        if (digits.size() != 32) return kReason;
        for (size_t byte = 0; byte < 16; ++byte) {
          uint8_t value = 0;
          const char* from = digits.data() + 2 * byte;
          const auto read = std::from_chars(from, from + 2, value, 16);
          if (read.ec != std::errc() || read.ptr != from + 2) return kReason;
          out[before + byte] = static_cast<char>(value);
        }
        return nullptr;
      },
      "bad_uuid");
}

std::unique_ptr<CellEncoder> json_cell(bool binary) {
  return built(
      [binary](const arrow::Array& values, int64_t row, std::string& out) -> const char* {
        if (binary) out += '\x01';
        return append_json(values, row, out);
      },
      "bad_text");
}

}  // namespace

std::unique_ptr<CellEncoder> make_built_cell(const arrow::Field& field, const std::string& base) {
  const auto& type = *field.type();
  if (base == "numeric") return numeric_cell(type);
  if (base == "uuid") return type.id() == arrow::Type::STRING ? uuid_cell() : nullptr;
  if (base == "interval") {
    if (type.id() == arrow::Type::DURATION) return duration_cell(static_cast<const arrow::DurationType&>(type).unit());
    return type.id() == arrow::Type::INTERVAL_MONTH_DAY_NANO ? month_day_nano_cell() : nullptr;
  }
  const bool nested = type.id() == arrow::Type::STRUCT || type.id() == arrow::Type::MAP || type.id() == arrow::Type::LIST ||
                      type.id() == arrow::Type::LARGE_LIST;
  if (nested && (base == "jsonb" || base == "json") && has_json_text(type)) return json_cell(base == "jsonb");
  return nullptr;
}

}  // namespace laketide::postgres
