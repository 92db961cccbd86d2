#include "lake/row_key.h"

#include <algorithm>
#include <cstring>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

namespace laketide::lake {
namespace {

constexpr char kNullByte = 0;
constexpr char kValueByte = 1;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_null(const RowKey::Column& column, const arrow::Array& values, int64_t row) {
  if (values.IsNull(row)) return true;
  return column.empty_is_null && static_cast<const arrow::BinaryArray&>(values).GetView(row).empty();
}

}  // namespace

Result<RowKey> RowKey::make(const arrow::Schema& table, const std::vector<std::string>& columns,
                            const std::vector<std::string>& partition_columns) {
  RowKey key;
  for (const auto& name : columns) {
    const int index = table.GetFieldIndex(name);
    if (index < 0) return Status::user("bad_key", "the key names a column that the rows do not have: " + name, "key");
    if (std::count(columns.begin(), columns.end(), name) > 1) return Status::user("bad_key", "the key names a column twice: " + name, "key");
    const auto& type = table.field(index)->type();
    LT_ASSIGN_OR_RETURN(auto bytes, ValueBytes::make(type, name));
    key.columns_.push_back({name, index, std::move(bytes), contains(partition_columns, name) && type->id() == arrow::Type::STRING});
  }
  return key;
}

arrow::ArrayVector RowKey::columns_of(const arrow::RecordBatch& batch) const {
  arrow::ArrayVector arrays;
  for (const auto& column : columns_) arrays.push_back(batch.column(column.index));
  return arrays;
}

void RowKey::append(const arrow::ArrayVector& columns, int64_t row, std::string& out) const {
  for (size_t at = 0; at < columns_.size(); ++at) {
    const Column& column = columns_[at];
    const arrow::Array& values = *columns[at];
    if (is_null(column, values, row)) {
      out += kNullByte;
      continue;
    }
    out += kValueByte;
    if (column.bytes.width() > 0) {
      column.bytes.append(values, row, out);
      continue;
    }
    const size_t length_at = out.size();
    out.append(sizeof(uint32_t), '\0');
    column.bytes.append(values, row, out);
    const auto length = static_cast<uint32_t>(out.size() - length_at - sizeof(uint32_t));
    std::memcpy(out.data() + length_at, &length, sizeof length);
  }
}

std::vector<std::optional<std::string_view>> RowKey::split(std::string_view key) const {
  std::vector<std::optional<std::string_view>> values;
  for (const auto& column : columns_) {
    const bool null = key.front() == kNullByte;
    key.remove_prefix(1);
    if (null) {
      values.emplace_back();
      continue;
    }
    auto size = static_cast<uint32_t>(column.bytes.width());
    if (column.bytes.width() == 0) {
      std::memcpy(&size, key.data(), sizeof size);
      key.remove_prefix(sizeof size);
    }
    values.emplace_back(key.substr(0, size));
    key.remove_prefix(size);
  }
  return values;
}

RowKey RowKey::narrowed(const arrow::Schema& narrow) const {
  RowKey key = *this;
  for (auto& column : key.columns_) column.index = narrow.GetFieldIndex(column.name);
  return key;
}

}  // namespace laketide::lake
