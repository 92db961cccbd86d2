#include "formats/json/column_plan.h"

#include <algorithm>
#include <optional>

#include <arrow/type.h>

#include "flow/schema_text.h"
#include "formats/json/json_format.h"

namespace laketide::json {
namespace {

std::optional<ColumnKind> kind_of(const arrow::Field& field) {
  switch (field.type()->id()) {
    case arrow::Type::BOOL: return ColumnKind::kBoolean;
    case arrow::Type::INT16: return ColumnKind::kSmallint;
    case arrow::Type::INT32: return ColumnKind::kInt;
    case arrow::Type::INT64: return ColumnKind::kBigint;
    case arrow::Type::FLOAT: return ColumnKind::kReal;
    case arrow::Type::DOUBLE: return ColumnKind::kDouble;
    case arrow::Type::DECIMAL128: return ColumnKind::kNumeric;
    case arrow::Type::STRING:
      return is_jsonb(field) ? ColumnKind::kJsonb : is_uuid(field) ? ColumnKind::kUuid : ColumnKind::kText;
    case arrow::Type::BINARY: return ColumnKind::kBytea;
    case arrow::Type::DATE32: return ColumnKind::kDate;
    case arrow::Type::TIME64: return ColumnKind::kTime;
    case arrow::Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(*field.type()).timezone().empty() ? ColumnKind::kTimestamp
                                                                                        : ColumnKind::kTimestamptz;
    case arrow::Type::LIST: return ColumnKind::kList;
    case arrow::Type::STRUCT: return ColumnKind::kStruct;
    default: return std::nullopt;
  }
}

bool stands_as_it_is(std::string_view name) { return name.find_first_of("\"\\") == std::string_view::npos; }

// `whole`: the column that the field is, or is a part of.
Result<Column> column_of(const arrow::Field& field, const arrow::Field& whole) {
  Column column;
  column.name = field.name();
  column.not_null = !field.nullable();
  column.plain_name = stands_as_it_is(field.name());
  column.sql_type = sql_type_of(field);
  const auto kind = kind_of(field);
  const bool nested = kind == ColumnKind::kList || kind == ColumnKind::kStruct;
  for (int i = 0; nested && i < field.type()->num_fields(); ++i) {
    LT_ASSIGN_OR_RETURN(column.inner.emplace_back(), column_of(*field.type()->field(i), whole));
  }
  if (!kind || (kind == ColumnKind::kList && column.inner[0].kind == ColumnKind::kList)) {
    return Status::user("unsupported_type", "JSON cannot be read into a column of this type; use jsonb for nested values: " +
                                                whole.name() + " " + sql_type_of(whole), whole.name());
  }
  column.kind = *kind;
  if (field.type()->id() == arrow::Type::DECIMAL128) {
    const auto& decimal = static_cast<const arrow::Decimal128Type&>(*field.type());
    column.precision = decimal.precision();
    column.scale = decimal.scale();
  }
  return column;
}

}  // namespace

Result<ColumnPlan> ColumnPlan::make(const Schema& known, const Schema& wanted) {
  ColumnPlan plan;
  for (const auto& field : known->fields()) plan.by_name_.emplace(field->name(), kUnwantedField);
  // A field of this name in the data is as unknown as any other: the column is ours.
  plan.by_name_.erase(std::string(kRescuedColumn));
  for (const auto& field : wanted->fields()) {
    const int index = static_cast<int>(plan.columns_.size());
    LT_ASSIGN_OR_RETURN(Column column, column_of(*field, *field));
    if (field->name() == kRescuedColumn) {
      column.kind = ColumnKind::kRescued;
      plan.rescued_ = index;
    } else {
      plan.by_name_[field->name()] = index;
    }
    plan.columns_.push_back(std::move(column));
  }
  for (const Column& column : plan.columns_) {
    if (column.kind != ColumnKind::kRescued) plan.look_up(column.name, plan.order_.size());
  }
  return plan;
}

int ColumnPlan::look_up(std::string_view name, size_t position) {
  const auto found = by_name_.find(name);
  const int column = found == by_name_.end() ? kUnknownField : found->second;
  if (position >= kRememberedMax) return column;
  if (position >= order_.size()) order_.resize(position + 1);
  // Only a name without quote and backslash stands in the text as it is.
  Expected& expected = order_[position];
  expected.name.assign(stands_as_it_is(name) ? name : std::string_view());
  expected.key.clear();
  expected.key_size = 0;
  const bool plain = std::all_of(expected.name.begin(), expected.name.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
  if (plain && !expected.name.empty()) {
    expected.key = '"' + expected.name + "\":";
    expected.key_size = expected.key.size();
    expected.key.append(kKeyPadding, '\0');
  }
  expected.column = column;
  return column;
}

}  // namespace laketide::json
