#include "lake/delta_schema.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <set>

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <nlohmann/json.hpp>

namespace laketide::lake {

namespace {

using OrderedJson = nlohmann::ordered_json;

Status no_type(const arrow::DataType& type, const char* advice) {
  return Status::user("schema_mismatch", std::string("Delta Lake has no type for this column, ") + advice + ": " + type.ToString());
}

Result<OrderedJson> type_json(const arrow::DataType& type);

OrderedJson metadata_json(const arrow::Field& field) {
  OrderedJson object = OrderedJson::object();
  const auto metadata = field.metadata();
  for (int64_t i = 0; metadata && i < metadata->size(); ++i) {
    const std::string& key = metadata->key(i);
    if (key.starts_with("laketide.") || key.starts_with("delta.")) object[key] = metadata->value(i);
  }
  return object;
}

Result<OrderedJson> field_json(const arrow::Field& field) {
  auto type = type_json(*field.type());
  if (!type.ok()) return type.status().in("column " + field.name());
  return OrderedJson{{"name", field.name()}, {"type", *type}, {"nullable", field.nullable()}, {"metadata", metadata_json(field)}};
}

Result<OrderedJson> struct_json(const arrow::FieldVector& fields) {
  OrderedJson list = OrderedJson::array();
  for (const auto& field : fields) {
    LT_ASSIGN_OR_RETURN(OrderedJson one, field_json(*field));
    list.push_back(std::move(one));
  }
  return OrderedJson{{"type", "struct"}, {"fields", std::move(list)}};
}

Result<OrderedJson> list_json(const arrow::Field& element) {
  LT_ASSIGN_OR_RETURN(OrderedJson type, type_json(*element.type()));
  return OrderedJson{{"type", "array"}, {"elementType", std::move(type)}, {"containsNull", element.nullable()}};
}

Result<OrderedJson> map_json(const arrow::MapType& map) {
  LT_ASSIGN_OR_RETURN(OrderedJson key, type_json(*map.key_type()));
  LT_ASSIGN_OR_RETURN(OrderedJson value, type_json(*map.item_type()));
  return OrderedJson{{"type", "map"}, {"keyType", std::move(key)}, {"valueType", std::move(value)},
              {"valueContainsNull", map.item_field()->nullable()}};
}

Result<OrderedJson> decimal_json(const arrow::DataType& type) {
  const auto& decimal = static_cast<const arrow::DecimalType&>(type);
  if (decimal.precision() > 38 || decimal.scale() < 0 || decimal.scale() > decimal.precision()) {
    return no_type(type, "cast it to numeric(38, s) or less");
  }
  return OrderedJson("decimal(" + std::to_string(decimal.precision()) + "," + std::to_string(decimal.scale()) + ")");
}

Result<OrderedJson> timestamp_json(const arrow::DataType& type) {
  const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
  if (timestamp.unit() == arrow::TimeUnit::NANO) return no_type(type, "its finest unit is the microsecond");
  return OrderedJson(timestamp.timezone().empty() ? "timestamp_ntz" : "timestamp");
}

Result<OrderedJson> type_json(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL: return OrderedJson("boolean");
    case arrow::Type::INT8: return OrderedJson("byte");
    case arrow::Type::INT16:
    case arrow::Type::UINT8: return OrderedJson("short");
    case arrow::Type::INT32:
    case arrow::Type::UINT16: return OrderedJson("integer");
    case arrow::Type::INT64:
    case arrow::Type::UINT32:
    case arrow::Type::TIME64: return OrderedJson("long");
    case arrow::Type::UINT64: return OrderedJson("decimal(20,0)");
    case arrow::Type::FLOAT: return OrderedJson("float");
    case arrow::Type::DOUBLE: return OrderedJson("double");
    case arrow::Type::DECIMAL128: return decimal_json(type);
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING: return OrderedJson("string");
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::FIXED_SIZE_BINARY: return OrderedJson("binary");
    case arrow::Type::DATE32: return OrderedJson("date");
    case arrow::Type::TIMESTAMP: return timestamp_json(type);
    case arrow::Type::DICTIONARY: return type_json(*static_cast<const arrow::DictionaryType&>(type).value_type());
    case arrow::Type::STRUCT: return struct_json(type.fields());
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST: return list_json(*type.field(0));
    case arrow::Type::MAP: return map_json(static_cast<const arrow::MapType&>(type));
    default: return no_type(type, "cast it to one of boolean, smallint, int, bigint, real, double, numeric, text, bytea, "
                                  "date, timestamp, timestamptz, arrays and structs of them");
  }
}

Status check_name(const std::string& name) {
  if (name.empty() || name.find_first_of(" ,;{}()=\t\n") != std::string::npos) {
    return Status::user("schema_mismatch", "a column of a Delta table must have a name without any of \" ,;{}()=\", tab and "
                        "line feed; give it another one with AS: \"" + name + "\"", name);
  }
  return {};
}

Status check_names(const arrow::FieldVector& fields) {
  std::set<std::string> seen;
  for (const auto& field : fields) {
    LT_RETURN_IF_ERROR(check_name(field->name()));
    std::string lower = field->name();
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    if (!seen.insert(lower).second) {
      return Status::user("schema_mismatch", "two columns of a Delta table may not differ only in case; rename one with AS: " +
                          field->name(), field->name());
    }
    if (field->type()->id() == arrow::Type::STRUCT) LT_RETURN_IF_ERROR(check_names(field->type()->fields()));
  }
  return {};
}

Result<std::shared_ptr<arrow::DataType>> type_from(const nlohmann::json& type);

Result<std::shared_ptr<arrow::Field>> field_from(const nlohmann::json& object) {
  LT_ASSIGN_OR_RETURN(auto type, type_from(object.at("type")));
  std::vector<std::string> keys, values;
  const auto metadata = object.find("metadata");
  if (metadata != object.end() && metadata->is_object()) {
    for (const auto& [key, value] : metadata->items()) {
      keys.push_back(key);
      values.push_back(value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  return arrow::field(object.at("name").get<std::string>(), std::move(type), object.at("nullable").get<bool>(),
                      keys.empty() ? nullptr : arrow::key_value_metadata(std::move(keys), std::move(values)));
}

Result<arrow::FieldVector> fields_from(const nlohmann::json& list) {
  arrow::FieldVector fields;
  for (const auto& one : list) {
    LT_ASSIGN_OR_RETURN(auto field, field_from(one));
    fields.push_back(std::move(field));
  }
  return fields;
}

Result<std::shared_ptr<arrow::DataType>> primitive_from(const std::string& name) {
  if (name == "string") return arrow::utf8();
  if (name == "long") return arrow::int64();
  if (name == "integer") return arrow::int32();
  if (name == "short") return arrow::int16();
  if (name == "byte") return arrow::int8();
  if (name == "float") return arrow::float32();
  if (name == "double") return arrow::float64();
  if (name == "boolean") return arrow::boolean();
  if (name == "binary") return arrow::binary();
  if (name == "date") return arrow::date32();
  if (name == "timestamp") return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  if (name == "timestamp_ntz") return arrow::timestamp(arrow::TimeUnit::MICRO);
  int precision = 0, scale = 0, used = 0;
  if (name == "decimal") return arrow::decimal128(10, 0);
  if (std::sscanf(name.c_str(), "decimal(%d,%d)%n", &precision, &scale, &used) == 2 &&
      static_cast<size_t>(used) == name.size() && precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision) {
    return arrow::decimal128(precision, scale);
  }
  return Status::user("unsupported_table", "this version does not know a column type of the table: " + name);
}

Result<std::shared_ptr<arrow::DataType>> type_from(const nlohmann::json& type) {
  if (type.is_string()) return primitive_from(type.get<std::string>());
  const auto kind = type.at("type").get<std::string>();
  if (kind == "struct") {
    LT_ASSIGN_OR_RETURN(auto fields, fields_from(type.at("fields")));
    return arrow::struct_(std::move(fields));
  }
  if (kind == "array") {
    LT_ASSIGN_OR_RETURN(auto element, type_from(type.at("elementType")));
    return arrow::list(arrow::field("element", std::move(element), type.at("containsNull").get<bool>()));
  }
  if (kind == "map") {
    LT_ASSIGN_OR_RETURN(auto key, type_from(type.at("keyType")));
    LT_ASSIGN_OR_RETURN(auto value, type_from(type.at("valueType")));
    return std::shared_ptr<arrow::DataType>(std::make_shared<arrow::MapType>(
        arrow::field("key", std::move(key), false),
        arrow::field("value", std::move(value), type.at("valueContainsNull").get<bool>())));
  }
  return Status::user("unsupported_table", "this version does not know a column type of the table: " + kind);
}

bool is_zoneless(const arrow::DataType& type) {
  if (type.id() == arrow::Type::TIMESTAMP) return static_cast<const arrow::TimestampType&>(type).timezone().empty();
  return std::any_of(type.fields().begin(), type.fields().end(), [](const auto& f) { return is_zoneless(*f->type()); });
}

}  // namespace

Result<std::string> to_schema_string(const arrow::Schema& schema) {
  LT_RETURN_IF_ERROR(check_names(schema.fields()));
  LT_ASSIGN_OR_RETURN(OrderedJson root, struct_json(schema.fields()));
  return root.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

Result<std::shared_ptr<arrow::Schema>> from_schema_string(const std::string& text) {
  try {
    LT_ASSIGN_OR_RETURN(auto fields, fields_from(nlohmann::json::parse(text).at("fields")));
    return arrow::schema(std::move(fields));
  } catch (const nlohmann::json::exception& e) {
    return Status::user("broken_log", std::string("the table's schema cannot be read: ") + e.what());
  }
}

Result<std::shared_ptr<arrow::DataType>> stored_type(const arrow::DataType& type) {
  LT_ASSIGN_OR_RETURN(const OrderedJson text, type_json(type));
  return type_from(nlohmann::json(text));
}

bool has_timestamp_without_zone(const arrow::Schema& schema) {
  return std::any_of(schema.fields().begin(), schema.fields().end(), [](const auto& f) { return is_zoneless(*f->type()); });
}

std::string delta_type_name(const arrow::DataType& type) {
  const auto json = type_json(type);
  if (!json.ok()) return type.ToString();
  return json->is_string() ? json->get<std::string>() : json->dump();
}

bool type_fits(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.id() != to.id() || from.num_fields() != to.num_fields()) return false;
  if (from.num_fields() == 0) return from.Equals(to);
  for (int i = 0; i < from.num_fields(); ++i) {
    const bool named = from.id() == arrow::Type::STRUCT;
    if (named && from.field(i)->name() != to.field(i)->name()) return false;
    if (from.field(i)->nullable() && !to.field(i)->nullable()) return false;
    if (!type_fits(*from.field(i)->type(), *to.field(i)->type())) return false;
  }
  return true;
}

}  // namespace laketide::lake
