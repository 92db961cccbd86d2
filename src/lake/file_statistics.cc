#include "lake/file_statistics.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <nlohmann/json.hpp>

#include "base/failpoint.h"
#include "lake/arrow_status.h"
#include "lake/table_features.h"
#include "lake/text_bound.h"
#include "lake/value_text.h"

namespace laketide::lake {

namespace {

std::string json_string(std::string_view text) { return nlohmann::json(text).dump(); }

void member(std::string& object, std::string_view name, std::string_view value) {
  object += object.empty() ? "{" : ",";
  object += json_string(name);
  object += ':';
  object += value;
}

std::string closed(std::string object) { return object.empty() ? "{}" : object + "}"; }

std::string number_text(double value) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

}  // namespace

/// Statistics of one column or one member of a struct. Confined to its task.
class FileStatistics::Node {
 public:
  explicit Node(std::string name) : name_(std::move(name)) {}
  virtual ~Node() = default;
  virtual Status add(const arrow::Array& values) = 0;
  /// The JSON value for `what`; none: nothing to say.
  virtual std::optional<std::string> minimum() const = 0;
  virtual std::optional<std::string> maximum() const = 0;
  virtual std::optional<std::string> nulls() const = 0;
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

/// A column without bounds: its nulls are counted. Confined to its task.
class FileStatistics::Leaf : public Node {
 public:
  using Node::Node;
  Status add(const arrow::Array& values) override {
    nulls_ += values.null_count();
    return {};
  }
  std::optional<std::string> minimum() const override { return std::nullopt; }
  std::optional<std::string> maximum() const override { return std::nullopt; }
  std::optional<std::string> nulls() const override { return std::to_string(nulls_); }

 private:
  int64_t nulls_ = 0;
};

/// Integers, floats, dates and timestamps. Confined to its task.
template <typename ArrayType>
class FileStatistics::Numbers final : public Leaf {
  using Value = typename ArrayType::TypeClass::c_type;

 public:
  Numbers(std::string name, const arrow::DataType& type) : Leaf(std::move(name)) {
    if constexpr (std::is_same_v<ArrayType, arrow::TimestampArray>) {
      zulu_ = !static_cast<const arrow::TimestampType&>(type).timezone().empty();
    }
  }

  Status add(const arrow::Array& values) override {
    const auto& array = static_cast<const ArrayType&>(values);
    if (array.null_count() == array.length()) return Leaf::add(values);
    const Value* value = array.raw_values();
    const int64_t count = array.length();
    Value low = low_, high = high_;
    bool unordered = unordered_;
    if (array.null_count() == 0) {
      for (int64_t i = 0; i < count; ++i) take(value[i], low, high, unordered);
    } else {
      for (int64_t i = 0; i < count; ++i) {
        if (array.IsValid(i)) take(value[i], low, high, unordered);
      }
    }
    low_ = low;
    high_ = high;
    unordered_ = unordered;
    seen_ = true;
    return Leaf::add(values);
  }

  std::optional<std::string> minimum() const override { return bound(low_, /*up=*/false); }
  std::optional<std::string> maximum() const override { return bound(high_, /*up=*/true); }

 private:
  static void take(Value v, Value& low, Value& high, bool& unordered) {
    if constexpr (std::is_floating_point_v<Value>) unordered |= !std::isfinite(v);
    low = v < low ? v : low;
    high = v > high ? v : high;
  }

  std::optional<std::string> bound(Value v, bool up) const {
    if (!seen_ || unordered_) return std::nullopt;
    if constexpr (std::is_same_v<ArrayType, arrow::Date32Array>) {
      if (!has_plain_text(int64_t{v} * 86'400'000'000)) return std::nullopt;
      return '"' + date_text(v) + '"';
    } else if constexpr (std::is_same_v<ArrayType, arrow::TimestampArray>) {
      // Readers know milliseconds only, and not all of them widen the maximum.
      if (!has_plain_text(v) || !has_plain_text(v + 999)) return std::nullopt;
      return '"' + timestamp_text(up && !LT_SEEDED_BUG("lake.commit.before", "cut_time") ? v + 999 : v, 'T', 3, zulu_) + '"';
    } else if constexpr (std::is_floating_point_v<Value>) {
      if (v == 0) return up ? "0.0" : "-0.0";  // equal, but -0.0 stands before 0.0 for some readers
      return number_text(v);
    } else {
      return std::to_string(v);
    }
  }

  Value low_ = std::numeric_limits<Value>::max();
  Value high_ = std::numeric_limits<Value>::lowest();
  bool seen_ = false, unordered_ = false, zulu_ = false;
};

/// Text, in the order of its bytes. Confined to its task.
class FileStatistics::Texts final : public Leaf {
 public:
  Texts(std::string name, int64_t prefix) : Leaf(std::move(name)), prefix_(prefix) {}

  Status add(const arrow::Array& values) override {
    const auto& array = static_cast<const arrow::StringArray&>(values);
    // Views into the batch while it is scanned: copying each new maximum of a rising column would cost an allocation a row.
    std::optional<std::string_view> low = low_, high = high_;
    const bool has_nulls = array.null_count() > 0;
    for (int64_t i = 0; i < array.length(); ++i) {
      if (has_nulls && array.IsNull(i)) continue;
      const auto view = array.GetView(i);
      if (!low || view < *low) low = view;
      if (!high || view > *high) high = view;
    }
    keep(low_, low);
    keep(high_, high);
    return Leaf::add(values);
  }

  std::optional<std::string> minimum() const override { return quote(low_ ? lower_text_bound(*low_, prefix_) : std::nullopt); }
  std::optional<std::string> maximum() const override { return quote(high_ ? upper_text_bound(*high_, prefix_) : std::nullopt); }

 private:
  static void keep(std::optional<std::string>& kept, const std::optional<std::string_view>& view) {
    if (view && (!kept || view->data() != kept->data())) kept = std::string(*view);
  }
  static std::optional<std::string> quote(const std::optional<std::string>& text) {
    return text ? std::optional(json_string(*text)) : std::nullopt;
  }

  int64_t prefix_;
  std::optional<std::string> low_, high_;
};

/// Decimals, as JSON numbers with their full scale. Confined to its task.
class FileStatistics::Decimals final : public Leaf {
 public:
  Decimals(std::string name, int32_t scale) : Leaf(std::move(name)), scale_(scale) {}

  Status add(const arrow::Array& values) override {
    const auto& array = static_cast<const arrow::Decimal128Array&>(values);
    for (int64_t i = 0; i < array.length(); ++i) {
      if (array.IsNull(i)) continue;
      const arrow::Decimal128 value(array.GetValue(i));
      if (!low_ || value < *low_) low_ = value;
      if (!high_ || value > *high_) high_ = value;
    }
    return Leaf::add(values);
  }
  std::optional<std::string> minimum() const override { return text(low_); }
  std::optional<std::string> maximum() const override { return text(high_); }

 private:
  std::optional<std::string> text(const std::optional<arrow::Decimal128>& value) const {
    return value ? std::optional(value->ToString(scale_)) : std::nullopt;
  }

  int32_t scale_;
  std::optional<arrow::Decimal128> low_, high_;
};

/// The members of a struct, and the file's columns. Confined to its task.
class FileStatistics::Struct final : public Node {
 public:
  /// Takes from `budget` one for each leaf that gets statistics; `path` is "" or "a.b.".
  Struct(std::string name, const arrow::FieldVector& fields, const StatisticsScope& scope, const std::string& path,
         int64_t& budget, bool all)
      : Node(std::move(name)) {
    for (const auto& field : fields) {
      const std::string full = path + field->name();
      const bool named = all || scope.named.contains(full);
      if (field->type()->id() == arrow::Type::STRUCT) {
        members_.push_back(std::make_unique<Struct>(field->name(), field->type()->fields(), scope, full + ".", budget, named));
      } else if (scope.named.empty() ? budget != 0 : named) {
        if (budget > 0) --budget;
        members_.push_back(leaf(*field, scope));
      } else {
        members_.push_back(nullptr);
      }
    }
  }

  Status add(const arrow::Array& values) override {
    // Flatten gives the members the nulls of the struct itself.
    auto members = static_cast<const arrow::StructArray&>(values).Flatten();
    if (!members.ok()) return from_arrow(members.status(), "take statistics of a struct");
    return add(*members);
  }
  Status add(const arrow::ArrayVector& columns) {
    for (size_t i = 0; i < members_.size(); ++i) {
      if (members_[i]) LT_RETURN_IF_ERROR(members_[i]->add(*columns[i]));
    }
    return {};
  }

  std::optional<std::string> minimum() const override { return gather(&Node::minimum); }
  std::optional<std::string> maximum() const override { return gather(&Node::maximum); }
  std::optional<std::string> nulls() const override { return gather(&Node::nulls); }

 private:
  static std::unique_ptr<Node> leaf(const arrow::Field& field, const StatisticsScope& scope) {
    switch (field.type()->id()) {
      case arrow::Type::INT8: return std::make_unique<Numbers<arrow::Int8Array>>(field.name(), *field.type());
      case arrow::Type::INT16: return std::make_unique<Numbers<arrow::Int16Array>>(field.name(), *field.type());
      case arrow::Type::INT32: return std::make_unique<Numbers<arrow::Int32Array>>(field.name(), *field.type());
      case arrow::Type::INT64: return std::make_unique<Numbers<arrow::Int64Array>>(field.name(), *field.type());
      case arrow::Type::FLOAT: return std::make_unique<Numbers<arrow::FloatArray>>(field.name(), *field.type());
      case arrow::Type::DOUBLE: return std::make_unique<Numbers<arrow::DoubleArray>>(field.name(), *field.type());
      case arrow::Type::DATE32: return std::make_unique<Numbers<arrow::Date32Array>>(field.name(), *field.type());
      case arrow::Type::TIMESTAMP: return std::make_unique<Numbers<arrow::TimestampArray>>(field.name(), *field.type());
      case arrow::Type::STRING: return std::make_unique<Texts>(field.name(), scope.string_prefix);
      case arrow::Type::DECIMAL128:
        return std::make_unique<Decimals>(field.name(), static_cast<const arrow::DecimalType&>(*field.type()).scale());
      default: return std::make_unique<Leaf>(field.name());
    }
  }

  std::optional<std::string> gather(std::optional<std::string> (Node::*what)() const) const {
    std::string object;
    for (const auto& one : members_) {
      const auto value = one ? ((*one).*what)() : std::nullopt;
      if (value) member(object, one->name(), *value);
    }
    return object.empty() ? std::nullopt : std::optional(closed(object));
  }

  std::vector<std::unique_ptr<Node>> members_;
};

FileStatistics::FileStatistics(const arrow::Schema& file_schema, const StatisticsScope& scope) {
  int64_t budget = scope.indexed;
  root_ = std::make_unique<Struct>("", file_schema.fields(), scope, "", budget, false);
}
FileStatistics::~FileStatistics() = default;
FileStatistics::FileStatistics(FileStatistics&&) noexcept = default;

Status FileStatistics::add(const arrow::RecordBatch& batch) {
  rows_ += batch.num_rows();
  return root_->add(batch.columns());
}

int64_t FileStatistics::rows() const { return rows_; }

std::string FileStatistics::to_json() const {
  std::string object;
  member(object, "numRecords", std::to_string(rows_));
  member(object, "minValues", root_->minimum().value_or("{}"));
  member(object, "maxValues", root_->maximum().value_or("{}"));
  member(object, "nullCount", root_->nulls().value_or("{}"));
  return closed(object);
}

StatisticsScope statistics_scope(const Metadata& metadata) {
  StatisticsScope scope;
  const auto number = [&](const char* key, int64_t& into) {
    const std::string text = property(metadata, key);
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && value >= -1) into = value;
  };
  number("delta.dataSkippingNumIndexedCols", scope.indexed);
  number("delta.dataSkippingStringPrefixLength", scope.string_prefix);
  const std::string names = property(metadata, "delta.dataSkippingStatsColumns");
  std::string one;
  bool in_quotes = false;
  for (const char c : names + ",") {
    if (c == '`') {
      in_quotes = !in_quotes;
    } else if (c == ',' && !in_quotes) {
      if (!one.empty()) scope.named.insert(one);
      one.clear();
    } else if (c != ' ' || in_quotes) {
      one += c;
    }
  }
  if (!scope.named.empty()) scope.indexed = -1;
  return scope;
}

}  // namespace laketide::lake
