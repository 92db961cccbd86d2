#include "sinks/postgres/column_type.h"

#include <arrow/type.h>

#include "sinks/postgres/cell_encoder.h"
#include "sinks/postgres/json_text.h"

namespace laketide::postgres {
namespace {

std::string decimal_type(const arrow::DecimalType& type) {
  // PostgreSQL 15 takes a negative scale, older ones do not; the value is a whole number either way.
  if (type.scale() < 0) return "numeric(" + std::to_string(type.precision() - type.scale()) + ",0)";
  return "numeric(" + std::to_string(type.precision()) + "," + std::to_string(type.scale()) + ")";
}

std::string list_type(const arrow::DataType& type) {
  const auto& item = *type.field(0);
  const std::string element = column_type_for(item);
  const bool simple = !element.empty() && element.back() != ']' && (element != "jsonb" || is_json_text(item));
  if (simple) return element + "[]";
  return has_json_text(type) ? "jsonb" : "";
}

}  // namespace

std::string column_type_for(const arrow::Field& field) {
  const auto& type = *field.type();
  switch (type.id()) {
    case arrow::Type::BOOL: return "boolean";
    case arrow::Type::INT8:
    case arrow::Type::UINT8:
    case arrow::Type::INT16: return "smallint";
    case arrow::Type::UINT16:
    case arrow::Type::INT32: return "integer";
    case arrow::Type::UINT32:
    case arrow::Type::INT64: return "bigint";
    case arrow::Type::UINT64: return "numeric(20,0)";
    case arrow::Type::FLOAT: return "real";
    case arrow::Type::DOUBLE: return "double precision";
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256: return decimal_type(static_cast<const arrow::DecimalType&>(type));
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING: return is_json_text(field) ? "jsonb" : "text";
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY: return "bytea";
    case arrow::Type::FIXED_SIZE_BINARY:
      return static_cast<const arrow::FixedSizeBinaryType&>(type).byte_width() == 16 ? "uuid" : "bytea";
    case arrow::Type::DATE32:
    case arrow::Type::DATE64: return "date";
    case arrow::Type::TIME32:
    case arrow::Type::TIME64: return "time";
    case arrow::Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(type).timezone().empty() ? "timestamp" : "timestamptz";
    case arrow::Type::DURATION:
    case arrow::Type::INTERVAL_MONTH_DAY_NANO: return "interval";
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST: return list_type(type);
    case arrow::Type::STRUCT:
    case arrow::Type::MAP: return has_json_text(type) ? "jsonb" : "";
    default: return "";
  }
}

}  // namespace laketide::postgres
