#include "lake/statistics_check.h"

#include <cmath>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <nlohmann/json.hpp>

#include "lake/arrow_status.h"
#include "lake/value_text.h"

namespace laketide::lake {

namespace {

using Json = nlohmann::json;
using Value = std::variant<std::monostate, int64_t, double, std::string>;

const Json* member(const Json& object, const std::string& name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

/// A stated bound; monostate: none, or of a type that has none.
Value stated(const Json* json, const arrow::DataType& type) {
  if (json == nullptr) return {};
  switch (type.id()) {
    case arrow::Type::TIMESTAMP: {
      if (!json->is_string()) return {};
      const auto micros = parse_timestamp_micros(json->get<std::string>());
      return micros ? Value(*micros) : Value();
    }
    case arrow::Type::DATE32: {
      if (!json->is_string()) return {};
      const auto micros = parse_timestamp_micros(json->get<std::string>() + "T00:00:00");
      return micros ? Value(*micros / 86'400'000'000) : Value();
    }
    case arrow::Type::STRING: return json->is_string() ? Value(json->get<std::string>()) : Value();
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::DECIMAL128: return json->is_number() ? Value(json->get<double>()) : Value();
    default: return json->is_number_integer() ? Value(json->get<int64_t>()) : Value();
  }
}

Value value_at(const arrow::Array& column, int64_t row) {
  switch (column.type_id()) {
    case arrow::Type::INT8: return int64_t{static_cast<const arrow::Int8Array&>(column).Value(row)};
    case arrow::Type::INT16: return int64_t{static_cast<const arrow::Int16Array&>(column).Value(row)};
    case arrow::Type::INT32: return int64_t{static_cast<const arrow::Int32Array&>(column).Value(row)};
    case arrow::Type::INT64: return static_cast<const arrow::Int64Array&>(column).Value(row);
    case arrow::Type::DATE32: return int64_t{static_cast<const arrow::Date32Array&>(column).Value(row)};
    case arrow::Type::TIMESTAMP: return static_cast<const arrow::TimestampArray&>(column).Value(row);
    case arrow::Type::FLOAT: return double{static_cast<const arrow::FloatArray&>(column).Value(row)};
    case arrow::Type::DOUBLE: return static_cast<const arrow::DoubleArray&>(column).Value(row);
    case arrow::Type::DECIMAL128: return std::stod(static_cast<const arrow::Decimal128Array&>(column).FormatValue(row));
    case arrow::Type::STRING: return static_cast<const arrow::StringArray&>(column).GetString(row);
    default: return {};
  }
}

std::string text_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  return std::to_string(std::get<double>(value));
}

// Bounds of decimals come through a double here: what its digits cannot tell is no finding.
double slack(double value) { return std::abs(value) * 1e-12; }

bool is_below(const Value& value, const Value& low) {
  if (const auto* number = std::get_if<double>(&value)) return *number < std::get<double>(low) - slack(*number);
  return value < low;
}

bool is_above(const Value& value, const Value& high, bool is_timestamp) {
  // NaN is above everything, for Spark.
  if (const auto* number = std::get_if<double>(&value)) return !(*number <= std::get<double>(high) + slack(*number));
  if (const auto* number = std::get_if<int64_t>(&value)) return *number > std::get<int64_t>(high) + (is_timestamp ? 999 : 0);
  return value > high;
}

}  // namespace

/// One column or member of a struct that something is said of. Confined to its task.
class StatisticsCheck::Leaf {
 public:
  Leaf(std::vector<int> path, std::string name, const arrow::DataType& type, const Json* low, const Json* high, const Json* nulls)
      : path_(std::move(path)), name_(std::move(name)), low_(stated(low, type)), high_(stated(high, type)),
        is_timestamp_(type.id() == arrow::Type::TIMESTAMP) {
    if (nulls && nulls->is_number_integer()) nulls_said_ = nulls->get<int64_t>();
  }

  Status add(const arrow::RecordBatch& batch) {
    std::shared_ptr<arrow::Array> column = batch.column(path_[0]);
    for (size_t i = 1; i < path_.size(); ++i) {
      auto member = static_cast<const arrow::StructArray&>(*column).GetFlattenedField(path_[i]);
      if (!member.ok()) return from_arrow(member.status(), "look into a struct");
      column = std::move(member).ValueUnsafe();
    }
    nulls_ += column->null_count();
    const bool has_low = low_.index() != 0, has_high = high_.index() != 0;
    for (int64_t row = 0; (has_low || has_high) && row < column->length(); ++row) {
      if (column->IsNull(row)) continue;
      const Value value = value_at(*column, row);
      if (has_low && belied_low_.index() == 0 && is_below(value, low_)) belied_low_ = value;
      if (has_high && belied_high_.index() == 0 && is_above(value, high_, is_timestamp_)) belied_high_ = value;
    }
    return {};
  }

  void finish(std::vector<FalseStatement>& found) const {
    if (belied_low_.index() != 0) {
      found.push_back({"false_bound", "column " + name_ + " is said to begin at " + text_of(low_) + " and holds " + text_of(belied_low_)});
    }
    if (belied_high_.index() != 0) {
      found.push_back({"false_bound", "column " + name_ + " is said to end at " + text_of(high_) + " and holds " + text_of(belied_high_)});
    }
    if (nulls_said_ && *nulls_said_ != nulls_) {
      found.push_back({"wrong_null_count", "column " + name_ + " is said to hold " + std::to_string(*nulls_said_) +
                                               " nulls and holds " + std::to_string(nulls_)});
    }
  }

 private:
  std::vector<int> path_;
  std::string name_;
  Value low_, high_, belied_low_, belied_high_;
  std::optional<int64_t> nulls_said_;
  int64_t nulls_ = 0;
  bool is_timestamp_;
};

StatisticsCheck::StatisticsCheck(const std::string& stats, const arrow::Schema& schema) {
  const Json json = Json::parse(stats, nullptr, false);
  if (!json.is_object()) {
    broken_.push_back({"broken_statistics", "the statistics are no JSON object"});
    return;
  }
  if (const Json* rows = member(json, "numRecords"); rows && rows->is_number_integer()) rows_said_ = rows->get<int64_t>();
  const Json none;
  const auto part = [&](const char* name) { return member(json, name) ? *member(json, name) : none; };
  const auto descend = [&](auto& self, const arrow::FieldVector& fields, const std::vector<int>& path, const std::string& prefix,
                           const Json& low, const Json& high, const Json& nulls) -> void {
    for (size_t i = 0; i < fields.size(); ++i) {
      const auto& field = *fields[i];
      std::vector<int> here = path;
      here.push_back(static_cast<int>(i));
      const Json *l = member(low, field.name()), *h = member(high, field.name()), *n = member(nulls, field.name());
      if (!l && !h && !n) continue;
      if (field.type()->id() == arrow::Type::STRUCT) {
        self(self, field.type()->fields(), here, prefix + field.name() + ".", l ? *l : none, h ? *h : none, n ? *n : none);
      } else {
        leaves_.push_back(std::make_unique<Leaf>(here, prefix + field.name(), *field.type(), l, h, n));
      }
    }
  };
  descend(descend, schema.fields(), {}, "", part("minValues"), part("maxValues"), part("nullCount"));
}

StatisticsCheck::~StatisticsCheck() = default;

Status StatisticsCheck::add(const arrow::RecordBatch& batch) {
  rows_ += batch.num_rows();
  for (auto& leaf : leaves_) LT_RETURN_IF_ERROR(leaf->add(batch));
  return {};
}

std::vector<FalseStatement> StatisticsCheck::finish() const {
  auto found = broken_;
  if (rows_said_ >= 0 && rows_said_ != rows_) {
    found.push_back({"wrong_row_count", "the file is said to hold " + std::to_string(rows_said_) + " rows and holds " + std::to_string(rows_)});
  }
  for (const auto& leaf : leaves_) leaf->finish(found);
  return found;
}

}  // namespace laketide::lake
