#include "lake/arrow_json.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <nlohmann/json.hpp>

namespace laketide::lake {

namespace {

using Json = nlohmann::json;

Json struct_json(const arrow::StructArray& column, int64_t row) {
  Json object = Json::object();
  for (int i = 0; i < column.num_fields(); ++i) {
    const auto& member = *column.field(i);  // sliced like the struct itself
    if (member.IsValid(row)) object[column.struct_type()->field(i)->name()] = to_json(member, row);
  }
  return object;
}

Json map_json(const arrow::MapArray& column, int64_t row) {
  Json object = Json::object();
  if (column.map_type()->key_type()->id() != arrow::Type::STRING) return object;
  const auto& keys = static_cast<const arrow::StringArray&>(*column.keys());
  for (int64_t i = column.value_offset(row); i < column.value_offset(row + 1); ++i) {
    object[keys.GetString(i)] = to_json(*column.items(), i);
  }
  return object;
}

template <typename ListArray>
Json list_json(const ListArray& column, int64_t row) {
  Json list = Json::array();
  for (int64_t i = column.value_offset(row); i < column.value_offset(row + 1); ++i) {
    list.push_back(to_json(*column.values(), i));
  }
  return list;
}

}  // namespace

Json to_json(const arrow::Array& column, int64_t row) {
  if (column.IsNull(row)) return nullptr;
  switch (column.type_id()) {
    case arrow::Type::BOOL: return static_cast<const arrow::BooleanArray&>(column).Value(row);
    case arrow::Type::INT32: return static_cast<const arrow::Int32Array&>(column).Value(row);
    case arrow::Type::INT64: return static_cast<const arrow::Int64Array&>(column).Value(row);
    case arrow::Type::STRING: return static_cast<const arrow::StringArray&>(column).GetString(row);
    case arrow::Type::LARGE_STRING: return static_cast<const arrow::LargeStringArray&>(column).GetString(row);
    case arrow::Type::STRUCT: return struct_json(static_cast<const arrow::StructArray&>(column), row);
    case arrow::Type::MAP: return map_json(static_cast<const arrow::MapArray&>(column), row);
    case arrow::Type::LIST: return list_json(static_cast<const arrow::ListArray&>(column), row);
    case arrow::Type::LARGE_LIST: return list_json(static_cast<const arrow::LargeListArray&>(column), row);
    default: return nullptr;
  }
}

}  // namespace laketide::lake
