#include "sinks/postgres/row_encoder.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "flow/change_column.h"
#include "sinks/postgres/staged_place.h"

namespace laketide::postgres {
namespace {

constexpr int kLaneShift = 48;  // leaves 2^48 rows to a lane of a run
constexpr size_t kCountBytes = 2;
constexpr size_t kLengthBytes = 4;

// The rows' places, from the hidden columns. Valid as long as the batch.
class PlaceColumns {
 public:
  PlaceColumns(const arrow::RecordBatch& batch, int visible) {
    for (int at = visible; at < batch.num_columns(); ++at) {
      const auto& name = batch.schema()->field(at)->name();
      const auto type = batch.schema()->field(at)->type()->id();
      if (name == "_topic" && type == arrow::Type::STRING) topic_ = std::static_pointer_cast<arrow::StringArray>(batch.column(at));
      if (name == "_partition" && type == arrow::Type::INT32) partition_ = std::static_pointer_cast<arrow::Int32Array>(batch.column(at));
      if (name == "_offset" && type == arrow::Type::INT64) offset_ = std::static_pointer_cast<arrow::Int64Array>(batch.column(at));
    }
  }

  std::string_view topic(int64_t row) const { return has(topic_, row) ? topic_->GetView(row) : std::string_view(); }
  int32_t partition(int64_t row) const { return has(partition_, row) ? partition_->Value(row) : -1; }
  int64_t offset(int64_t row) const { return has(offset_, row) ? offset_->Value(row) : -1; }
  StagedPlace at(int64_t row) const { return {topic(row), partition(row), offset(row)}; }

 private:
  template <typename Array>
  static bool has(const std::shared_ptr<Array>& column, int64_t row) {
    return column && (column->null_bitmap_data() == nullptr || column->IsValid(row));
  }

  std::shared_ptr<arrow::StringArray> topic_;
  std::shared_ptr<arrow::Int32Array> partition_;
  std::shared_ptr<arrow::Int64Array> offset_;
};

class CopyRowEncoder final : public RowEncoder {
 public:
  CopyRowEncoder(std::shared_ptr<const BoundTable> table, std::vector<std::string> key, std::string source, std::string topic, int lane)
      : table_(std::move(table)), key_names_(std::move(key)), source_(std::move(source)), topic_(std::move(topic)),
        sequence_(static_cast<int64_t>(lane) << kLaneShift) {}

  Status make_cells() {
    for (int field = 0; field < table_->schema->num_fields(); ++field) {
      const auto& column = table_->columns[static_cast<size_t>(field)];
      LT_ASSIGN_OR_RETURN(auto cell, make_cell_encoder(*table_->schema->field(field), column.type));
      cells_.push_back(std::move(cell));
      if (std::find(key_names_.begin(), key_names_.end(), column.type.name) != key_names_.end()) key_fields_.push_back(field);
    }
    return {};
  }

  Status append(const arrow::RecordBatch& batch, Chunk& chunk, Rejects& rejects) override {
    const int64_t rows = batch.num_rows();
    if (rows == 0) return {};
    LT_RETURN_IF_ERROR(check_schema(batch));
    const PlaceColumns places(batch, table_->schema->num_fields());
    const ChangeColumn changes(batch);
    refusals_.reset(rows);
    sizes_.assign(static_cast<size_t>(rows), kCountBytes);
    for (size_t at = 0; at < cells_.size(); ++at) {
      cells_[at]->measure(*batch.column(static_cast<int>(at)), sizes_.data(), refusals_);
    }
    if (table_->staged) measure_places(places, rows);
    for (const auto& refusal : refusals_.list()) rejects.add(to_reject(places, refusal));
    refuse_nulls(batch, places, changes, chunk);
    lay_out(batch, places, changes, chunk);
    return {};
  }

 private:
  Status check_schema(const arrow::RecordBatch& batch) {
    if (batch.schema().get() == seen_.get()) return {};
    const auto& wanted = *table_->schema;
    bool same = batch.num_columns() >= wanted.num_fields();
    for (int at = 0; same && at < wanted.num_fields(); ++at) {
      const auto& field = *batch.schema()->field(at);
      same = field.name() == wanted.field(at)->name() && field.type()->Equals(*wanted.field(at)->type());
    }
    if (!same) {
      return Status::internal("schema_changed", "a batch has other columns than the table was bound to: " + batch.schema()->ToString());
    }
    seen_ = batch.schema();
    return {};
  }

  void measure_places(const PlaceColumns& places, int64_t rows) {
    for (int64_t row = 0; row < rows; ++row) sizes_[static_cast<size_t>(row)] += kLengthBytes + place_bytes(places.at(row));
  }

  Reject to_reject(const PlaceColumns& places, const RowRefusals::Refusal& refusal) const {
    Reject reject;
    reject.source = source_;
    const auto topic = places.topic(refusal.row);
    reject.topic = topic.empty() ? topic_ : std::string(topic);
    reject.partition = places.partition(refusal.row);
    reject.offset = RecordOffset(places.offset(refusal.row));
    reject.stage = RejectStage::kWrite;
    reject.code = refusal.code;
    reject.reason = refusal.reason;
    return reject;
  }

  // What the server would answer with 23502, told before a whole chunk has to be searched for it.
  void refuse_nulls(const arrow::RecordBatch& batch, const PlaceColumns& places, const ChangeColumn& changes, Chunk& chunk) {
    for (size_t field = 0; field < table_->columns.size(); ++field) {
      const auto& column = table_->columns[field];
      const auto& values = *batch.column(static_cast<int>(field));
      if (!column.not_null || values.null_count() == 0) continue;
      for (int64_t row = 0; row < values.length(); ++row) {
        if (values.IsValid(row) || refusals_.contains(row) || changes.at(row) == Change::kDelete) continue;
        chunk.refused.push_back({{places.offset(row), places.partition(row), -1}, std::string(places.topic(row)),
                                 "not_null_violation", "NULL in a column that is NOT NULL: " + column.type.name});
        refusals_.add(row, "not_null_violation", {});
      }
    }
  }

  // Good rows stand one behind the other; refused ones are written behind them, where they are cut off again.
  void lay_out(const arrow::RecordBatch& batch, const PlaceColumns& places, const ChangeColumn& changes, Chunk& chunk) {
    const int64_t rows = batch.num_rows();
    const size_t start = chunk.bytes.size();
    starts_.resize(static_cast<size_t>(rows));
    size_t end = start;
    for (int64_t row = 0; row < rows; ++row) {
      if (refusals_.contains(row)) continue;
      starts_[static_cast<size_t>(row)] = end;
      end += sizes_[static_cast<size_t>(row)];
      chunk.ends.push_back(end);
      chunk.deletes += changes.at(row) == Change::kDelete ? 1 : 0;
      chunk.places.push_back({places.offset(row), places.partition(row), topic_index(places.topic(row), chunk)});
    }
    size_t behind = end;
    for (const auto& refusal : refusals_.list()) {
      starts_[static_cast<size_t>(refusal.row)] = behind;
      behind += sizes_[static_cast<size_t>(refusal.row)];
    }
    count_null_keys(batch, chunk);
    chunk.bytes.resize(behind);
    char* out = chunk.bytes.data();
    const auto fields = static_cast<int16_t>(cells_.size() + (table_->staged ? 1 : 0));
    for (auto& at : starts_) {
      put_big_endian<int16_t>(out + at, fields);
      at += kCountBytes;
    }
    for (size_t at = 0; at < cells_.size(); ++at) cells_[at]->write(*batch.column(static_cast<int>(at)), out, starts_.data());
    if (table_->staged) write_places(places, changes, rows, out);
    chunk.bytes.resize(end);
  }

  void write_places(const PlaceColumns& places, const ChangeColumn& changes, int64_t rows, char* out) {
    for (int64_t row = 0; row < rows; ++row) {
      StagedPlace place = places.at(row);
      place.sequence = sequence_++;
      place.deletes = changes.at(row) == Change::kDelete;
      char* const at = out + starts_[static_cast<size_t>(row)];
      put_big_endian<int32_t>(at, static_cast<int32_t>(place_bytes(place)));
      put_place(place, at + kLengthBytes);
    }
  }

  static int32_t topic_index(std::string_view topic, Chunk& chunk) {
    if (topic.empty()) return -1;
    if (!chunk.topics.empty() && chunk.topics.back() == topic) return static_cast<int32_t>(chunk.topics.size() - 1);
    const auto found = std::find(chunk.topics.begin(), chunk.topics.end(), topic);
    if (found == chunk.topics.end()) {
      chunk.topics.emplace_back(topic);
      return static_cast<int32_t>(chunk.topics.size() - 1);
    }
    return static_cast<int32_t>(found - chunk.topics.begin());
  }

  void count_null_keys(const arrow::RecordBatch& batch, Chunk& chunk) const {
    for (const int field : key_fields_) {
      const auto& values = *batch.column(field);
      if (values.null_count() > 0) chunk.null_keys += values.null_count();
    }
  }

  std::shared_ptr<const BoundTable> table_;
  std::vector<std::string> key_names_;
  std::string source_;
  std::string topic_;
  int64_t sequence_;
  std::vector<int> key_fields_;
  std::vector<std::unique_ptr<CellEncoder>> cells_;
  Schema seen_;
  RowRefusals refusals_;
  std::vector<size_t> sizes_;
  std::vector<size_t> starts_;
};

}  // namespace

Result<std::unique_ptr<RowEncoder>> make_row_encoder(std::shared_ptr<const BoundTable> table, std::vector<std::string> key,
                                                     std::string source, std::string topic, int lane) {
  auto encoder = std::make_unique<CopyRowEncoder>(std::move(table), std::move(key), std::move(source), std::move(topic), lane);
  LT_RETURN_IF_ERROR(encoder->make_cells());
  return std::unique_ptr<RowEncoder>(std::move(encoder));
}

}  // namespace laketide::postgres
