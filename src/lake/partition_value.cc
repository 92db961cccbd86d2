#include "lake/partition_value.h"

#include <algorithm>

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "lake/arrow_status.h"
#include "lake/value_text.h"

namespace laketide::lake {

namespace {

constexpr char kHexDigits[] = "0123456789ABCDEF";

void append_escaped(std::string& out, unsigned char c) {
  out += '%';
  out += kHexDigits[c >> 4];
  out += kHexDigits[c & 15];
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string escape(std::string_view text) {
  constexpr std::string_view kUnsafe = "\"#%'*/:=?\\{[]^";
  std::string out;
  for (const unsigned char c : text) {
    if (c < 0x20 || c == 0x7f || kUnsafe.find(static_cast<char>(c)) != std::string_view::npos) {
      append_escaped(out, c);
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

Result<std::shared_ptr<arrow::Scalar>> scalar_from(const std::string& text, const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() == arrow::Type::STRING) return std::shared_ptr<arrow::Scalar>(std::make_shared<arrow::StringScalar>(text));
  if (type->id() == arrow::Type::BINARY) {
    return std::shared_ptr<arrow::Scalar>(std::make_shared<arrow::BinaryScalar>(text));
  }
  if (type->id() == arrow::Type::TIMESTAMP) {
    const auto micros = parse_timestamp_micros(text);
    if (!micros) return Status::user("broken_log", "a partition value is no timestamp: " + text);
    return std::shared_ptr<arrow::Scalar>(std::make_shared<arrow::TimestampScalar>(*micros, type));
  }
  auto parsed = arrow::Scalar::Parse(type, text);
  if (!parsed.ok()) return Status::user("broken_log", "a partition value is no " + type->ToString() + ": " + text);
  return std::move(parsed).ValueUnsafe();
}

// Engines spell the bytes of binary values in different ways, and floats do not compare as texts.
bool names_partitions(const arrow::DataType& type) {
  return type.num_fields() == 0 && type.id() != arrow::Type::FLOAT && type.id() != arrow::Type::DOUBLE &&
         type.id() != arrow::Type::BINARY;
}

}  // namespace

Status check_partition_columns(const std::vector<std::string>& columns, const arrow::Schema& schema) {
  const auto refuse = [](std::string why) { return Status::user("bad_partition_column", std::move(why), "partition_by"); };
  for (const auto& column : columns) {
    const auto field = schema.GetFieldByName(column);
    if (!field) return refuse("partition_by names a column that the rows do not have: " + column);
    if (std::count(columns.begin(), columns.end(), column) > 1) return refuse("partition_by names a column twice: " + column);
    if (!names_partitions(*field->type())) {
      return refuse("partition by a boolean, integer, numeric, text, date or timestamp column; " + column + " is " +
                    field->type()->ToString());
    }
  }
  if (static_cast<int>(columns.size()) == schema.num_fields() && !columns.empty()) {
    return refuse("partition_by leaves no column for the files; leave one out: " + columns.back());
  }
  return {};
}

std::optional<std::string> partition_text(const arrow::Array& column, int64_t row) {
  if (column.IsNull(row)) return std::nullopt;
  switch (column.type_id()) {
    case arrow::Type::STRING: {
      const auto view = static_cast<const arrow::StringArray&>(column).GetView(row);
      return view.empty() ? std::nullopt : std::optional<std::string>(view);
    }
    case arrow::Type::TIMESTAMP: {
      const bool zoned = !static_cast<const arrow::TimestampType&>(*column.type()).timezone().empty();
      const int64_t micros = static_cast<const arrow::TimestampArray&>(column).Value(row);
      return zoned ? timestamp_text(micros, 'T', 6, true) : timestamp_text(micros, ' ', micros % 1'000'000 == 0 ? 0 : 6, false);
    }
    case arrow::Type::DATE32: return date_text(static_cast<const arrow::Date32Array&>(column).Value(row));
    case arrow::Type::DECIMAL128: return static_cast<const arrow::Decimal128Array&>(column).FormatValue(row);
    default: {
      const auto scalar = column.GetScalar(row);
      return scalar.ok() ? std::optional((*scalar)->ToString()) : std::nullopt;
    }
  }
}

Result<std::shared_ptr<arrow::Array>> partition_array(const std::optional<std::string>& text,
                                                      const std::shared_ptr<arrow::DataType>& type, int64_t length) {
  arrow::Result<std::shared_ptr<arrow::Array>> made = std::shared_ptr<arrow::Array>();
  if (!text || (text->empty())) {
    made = arrow::MakeArrayOfNull(type, length);
  } else {
    LT_ASSIGN_OR_RETURN(auto scalar, scalar_from(*text, type));
    made = arrow::MakeArrayFromScalar(*scalar, length);
  }
  if (!made.ok()) return from_arrow(made.status(), "fill a partition column");
  return std::move(made).ValueUnsafe();
}

std::string partition_directory(std::string_view column, const std::optional<std::string>& text) {
  return escape(column) + "=" + (text ? escape(*text) : "__HIVE_DEFAULT_PARTITION__");
}

std::string uri_encode(std::string_view path) {
  constexpr std::string_view kKept = "-._~/=!$&'()*+,;@";
  std::string out;
  for (const unsigned char c : path) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      kKept.find(static_cast<char>(c)) != std::string_view::npos;
    if (kept) {
      out += static_cast<char>(c);
    } else {
      append_escaped(out, c);
    }
  }
  return out;
}

std::string uri_decode(std::string_view uri) {
  std::string out;
  for (size_t i = 0; i < uri.size(); ++i) {
    const bool escaped = uri[i] == '%' && i + 2 < uri.size() && hex_value(uri[i + 1]) >= 0 && hex_value(uri[i + 2]) >= 0;
    if (escaped) {
      out += static_cast<char>(hex_value(uri[i + 1]) * 16 + hex_value(uri[i + 2]));
      i += 2;
    } else {
      out += uri[i];
    }
  }
  return out;
}

}  // namespace laketide::lake
