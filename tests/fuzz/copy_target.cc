// Rows in PostgreSQL's binary COPY form: a reader that knows only the documentation finds the values again, and nothing else.
// Source: PostgreSQL's documentation of COPY, "Binary Format", and numeric_send in src/backend/utils/adt/numeric.c.
#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/array/array_decimal.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include "expr/utf8.h"
#include "flow/rejects.h"
#include "fuzz/target.h"
#include "sinks/postgres/row_encoder.h"

namespace laketide::fuzz {
namespace {

constexpr int kScale = 10;

/// Values out of bytes; zeros when there are no more. Confined to its task.
class Values {
 public:
  explicit Values(std::string_view bytes) : rest_(bytes) {}
  template <typename T>
  T number() {
    T value{};
    const size_t size = std::min(sizeof value, rest_.size());
    std::memcpy(&value, rest_.data(), size);
    rest_.remove_prefix(size);
    return value;
  }
  std::string text() {
    const size_t wanted = number<uint8_t>() % 32;
    const size_t size = std::min(wanted, rest_.size());
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  bool is_empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// What the stream must say of one row.
struct Expected {
  std::optional<int64_t> big;
  std::optional<double> real;
  std::optional<std::string> text;
  std::optional<std::string> decimal;  // digits
  std::optional<std::string> bytes;
};

/// A field of the stream; none: NULL. Confined to its task.
class Stream {
 public:
  explicit Stream(std::string_view bytes) : rest_(bytes) {}
  int64_t number(size_t size) {
    must(size <= rest_.size(), "the stream is cut short");
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(rest_[i]);
    rest_.remove_prefix(size);
    return size == 2 ? static_cast<int16_t>(value) : size == 4 ? static_cast<int32_t>(value) : static_cast<int64_t>(value);
  }
  std::optional<std::string> field() {
    const int64_t size = number(4);
    if (size < 0) return std::nullopt;
    must(static_cast<size_t>(size) <= rest_.size(), "a field is cut short");
    std::string value(rest_.substr(0, static_cast<size_t>(size)));
    rest_.remove_prefix(static_cast<size_t>(size));
    return value;
  }
  bool is_empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// numeric_recv, as a whole number of 10^-kScale without leading zeros.
std::string decimal_of(const std::string& field) {
  Stream stream(field);
  const auto groups = stream.number(2), weight = stream.number(2), sign = stream.number(2), scale = stream.number(2);
  must(scale == kScale && (sign == 0 || sign == 0x4000), "the numeric's sign or scale is not what it is");
  std::string digits;
  for (int64_t i = 0; i < groups; ++i) {
    const auto group = stream.number(2);
    must(group >= 0 && group <= 9999, "a group of more than four digits");
    const std::string four = std::to_string(group);
    digits += std::string(4 - four.size(), '0') + four;
  }
  must(stream.is_empty(), "something stands behind the numeric");
  // The digits mean: times 10000^(weight - groups + 1).
  const int64_t shift = 4 * (weight - groups + 1) + kScale;
  if (shift >= 0) {
    digits += std::string(static_cast<size_t>(shift), '0');
  } else {
    const auto cut = std::min(digits.size(), static_cast<size_t>(-shift));
    must(digits.find_first_not_of('0', digits.size() - cut) == std::string::npos, "digits beyond the scale");
    digits.resize(digits.size() - cut);
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty()) digits = "0";
  return (sign == 0x4000 ? "-" : "") + digits;
}

struct Columns {
  arrow::Int64Builder big;
  arrow::DoubleBuilder real;
  arrow::StringBuilder text;
  arrow::Decimal128Builder decimal{arrow::decimal128(38, kScale)};
  arrow::BinaryBuilder bytes;
};

template <typename Builder, typename Value>
void append(Builder& builder, const std::optional<Value>& value) {
  must((value ? builder.Append(*value) : builder.AppendNull()).ok(), "no memory");
}

Expected draw(Values& values, Columns& columns) {
  Expected row;
  const auto nulls = values.number<uint8_t>();
  if ((nulls & 1) == 0) row.big = values.number<int64_t>();
  if ((nulls & 2) == 0) row.real = values.number<double>();
  if ((nulls & 4) == 0) row.text = values.text();
  std::optional<arrow::Decimal128> decimal;
  if ((nulls & 8) == 0) {
    const auto high = values.number<int64_t>() >> (values.number<uint8_t>() % 64);
    decimal = arrow::Decimal128(high, values.number<uint64_t>());
    if (!decimal->FitsInPrecision(38)) decimal = arrow::Decimal128(high);
    row.decimal = decimal->ToIntegerString();
  }
  if ((nulls & 16) == 0) row.bytes = values.text();
  append(columns.big, row.big);
  append(columns.real, row.real);
  append(columns.text, row.text);
  append(columns.decimal, decimal);
  append(columns.bytes, row.bytes);
  return row;
}

std::shared_ptr<const postgres::BoundTable> table() {
  auto table = std::make_shared<postgres::BoundTable>();
  table->name = {"public", "t"};
  table->schema = arrow::schema({arrow::field("big", arrow::int64()), arrow::field("real", arrow::float64()), arrow::field("text", arrow::utf8()),
                                 arrow::field("decimal", arrow::decimal128(38, kScale)), arrow::field("bytes", arrow::binary())});
  const char* kinds[][2] = {{"bigint", "int8"}, {"double precision", "float8"}, {"text", "text"}, {"numeric(38,10)", "numeric"}, {"bytea", "bytea"}};
  for (size_t i = 0; i < 5; ++i) {
    postgres::TableColumn column;
    column.type.name = table->schema->field(static_cast<int>(i))->name();
    column.type.sql_name = kinds[i][0];
    column.type.base = kinds[i][1];
    table->columns.push_back(column);
  }
  return table;
}

void check_row(std::string_view bytes, const Expected& row) {
  Stream stream(bytes);
  must(stream.number(2) == 5, "another number of fields");
  const auto big = stream.field(), real = stream.field(), text = stream.field(), decimal = stream.field(), raw = stream.field();
  must(stream.is_empty(), "something stands behind the row");
  must(big.has_value() == row.big.has_value() && real.has_value() == row.real.has_value() && decimal.has_value() == row.decimal.has_value(), "null on one side");
  must(!big || (big->size() == 8 && Stream(*big).number(8) == row.big), "another integer");
  if (real) {
    const int64_t bits = Stream(*real).number(8);
    must(real->size() == 8 && std::memcmp(&bits, &*row.real, sizeof bits) == 0, "another double");
  }
  must(text == row.text, "another text");
  must(!decimal || decimal_of(*decimal) == row.decimal, "another numeric", row.decimal.value_or(""));
  must(raw == row.bytes, "other bytes");
}

}  // namespace

void read_bytes(std::string_view bytes) {
  Values values(bytes);
  Columns columns;
  std::vector<Expected> rows;
  while (rows.empty() || (!values.is_empty() && rows.size() < 64)) rows.push_back(draw(values, columns));
  static const auto bound = table();
  const auto batch = arrow::RecordBatch::Make(bound->schema, static_cast<int64_t>(rows.size()),
                                              {*columns.big.Finish(), *columns.real.Finish(), *columns.text.Finish(), *columns.decimal.Finish(), *columns.bytes.Finish()});
  auto encoder = postgres::make_row_encoder(bound, {}, "source", "topic", 0);
  must(encoder.ok(), "no encoder", encoder.status().to_string());
  postgres::Chunk chunk;
  Rejects rejects;
  must((*encoder)->append(*batch, chunk, rejects).ok(), "the encoder failed");
  size_t written = 0;
  for (const Expected& row : rows) {
    // What PostgreSQL's text cannot hold was refused; the others follow in their order.
    if (row.text && (row.text->find('\0') != std::string::npos || !expr::is_utf8(*row.text))) continue;
    must(written < chunk.rows(), "a row is missing");
    check_row(chunk.slice(written, written + 1), row);
    ++written;
  }
  must(written == chunk.rows() && rows.size() - written == rejects.size(), "rows and rejects are not all that there was");
}

}  // namespace laketide::fuzz
