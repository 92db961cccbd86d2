#include "lake/partitioner.h"

#include <map>
#include <string_view>
#include <unordered_map>

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "lake/arrow_status.h"
#include "lake/partition_value.h"

namespace laketide::lake {

namespace {

constexpr int kNull = 0;

/// Lookup by view, without a copy. Immutable.
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

/// The value as one number where the type has such; else none.
std::optional<int64_t> number_at(const arrow::Array& column, int64_t row) {
  switch (column.type_id()) {
    case arrow::Type::BOOL: return static_cast<const arrow::BooleanArray&>(column).Value(row);
    case arrow::Type::INT8: return static_cast<const arrow::Int8Array&>(column).Value(row);
    case arrow::Type::INT16: return static_cast<const arrow::Int16Array&>(column).Value(row);
    case arrow::Type::INT32: return static_cast<const arrow::Int32Array&>(column).Value(row);
    case arrow::Type::INT64: return static_cast<const arrow::Int64Array&>(column).Value(row);
    case arrow::Type::DATE32: return static_cast<const arrow::Date32Array&>(column).Value(row);
    case arrow::Type::TIMESTAMP: return static_cast<const arrow::TimestampArray&>(column).Value(row);
    default: return std::nullopt;
  }
}

}  // namespace

/// Numbers the values of one partition column, so that text is made once per value and not per row. Confined to its task.
class Partitioner::Column {
 public:
  int code(const arrow::Array& column, int64_t row) {
    if (column.IsNull(row)) return kNull;
    if (const auto number = number_at(column, row)) return numbered(numbers_, *number);
    if (column.type_id() == arrow::Type::STRING) {
      const auto view = static_cast<const arrow::StringArray&>(column).GetView(row);
      return view.empty() ? kNull : texted(view);
    }
    return texted(partition_text(column, row).value_or(""));
  }

 private:
  template <typename Map, typename Key>
  int numbered(Map& map, const Key& key) {
    return map.try_emplace(key, next_).second ? next_++ : map.find(key)->second;
  }
  int texted(std::string_view text) {
    const auto found = texts_.find(text);
    return found != texts_.end() ? found->second : numbered(texts_, std::string(text));
  }

  int next_ = kNull + 1;
  std::unordered_map<int64_t, int> numbers_;
  std::unordered_map<std::string, int, TextHash, std::equal_to<>> texts_;
};

Partitioner::Partitioner(std::vector<int> columns, int64_t partitions_max)
    : columns_(std::move(columns)), partitions_max_(partitions_max) {
  reset();
}
Partitioner::~Partitioner() = default;

void Partitioner::reset() {
  partitions_.clear();
  by_codes_.clear();
  coders_.clear();
  for (size_t i = 0; i < columns_.size(); ++i) coders_.push_back(std::make_unique<Column>());
  if (columns_.empty()) partitions_.emplace_back();
}

Result<size_t> Partitioner::partition_of(const arrow::RecordBatch& batch, const std::vector<int>& codes, int64_t row) {
  const auto [known, is_new] = by_codes_.try_emplace(codes, partitions_.size());
  if (!is_new) return known->second;
  if (static_cast<int64_t>(partitions_.size()) >= partitions_max_) {
    return Status::user("too_many_partitions", "one epoch of one lane would write to more partitions than it may, each with a "
                        "file of its own; partition by a column with fewer values: " + std::to_string(partitions_max_),
                        "partition_by");
  }
  Partition partition;
  for (const int column : columns_) {
    const auto& name = batch.column_name(column);
    const auto text = partition_text(*batch.column(column), row);
    partition.values[name] = text;
    partition.directory += partition_directory(name, text) + "/";
  }
  partitions_.push_back(std::move(partition));
  return known->second;
}

Status Partitioner::split(const std::shared_ptr<arrow::RecordBatch>& batch, std::vector<PartitionRows>& parts) {
  parts.clear();
  if (columns_.empty()) {
    parts.push_back({0, batch});
    return {};
  }
  std::map<size_t, arrow::Int64Builder> rows_of;
  std::vector<int> codes(columns_.size()), last;
  arrow::Int64Builder* current = nullptr;
  for (int64_t row = 0; row < batch->num_rows(); ++row) {
    for (size_t i = 0; i < columns_.size(); ++i) codes[i] = coders_[i]->code(*batch->column(columns_[i]), row);
    if (current == nullptr || codes != last) {
      LT_ASSIGN_OR_RETURN(const size_t partition, partition_of(*batch, codes, row));
      current = &rows_of[partition];
      last = codes;
    }
    LT_RETURN_IF_ERROR(from_arrow(current->Append(row), "split rows by partition"));
  }
  for (auto& [partition, builder] : rows_of) {
    if (rows_of.size() == 1) {
      parts.push_back({partition, batch});
      return {};
    }
    auto indices = builder.Finish();
    if (!indices.ok()) return from_arrow(indices.status(), "split rows by partition");
    auto taken = arrow::compute::Take(arrow::Datum(batch), arrow::Datum(*indices));
    if (!taken.ok()) return from_arrow(taken.status(), "split rows by partition");
    parts.push_back({partition, taken->record_batch()});
  }
  return {};
}

}  // namespace laketide::lake
