#include "sinks/delta/upsert_rows.h"

#include <utility>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include "base/log.h"
#include "flow/change_column.h"
#include "lake/file_scan.h"
#include "lake/partition_value.h"

namespace laketide {
namespace {

constexpr size_t kBatchesAtOnce = 4;  // written in one call, which keeps a lane's step short

/// Hidden columns that say where a row came from. Immutable.
class Places {
 public:
  Places(const arrow::RecordBatch& batch, int visible) {
    for (int at = visible; at < batch.num_columns(); ++at) {
      const auto& field = *batch.schema()->field(at);
      const auto type = field.type()->id();
      if (field.name() == "_topic" && type == arrow::Type::STRING) topic_ = std::static_pointer_cast<arrow::StringArray>(batch.column(at));
      if (field.name() == "_partition" && type == arrow::Type::INT32) partition_ = std::static_pointer_cast<arrow::Int32Array>(batch.column(at));
      if (field.name() == "_offset" && type == arrow::Type::INT64) offset_ = std::static_pointer_cast<arrow::Int64Array>(batch.column(at));
    }
  }
  bool known() const { return offset_ != nullptr; }
  void put(int64_t row, RowRank& rank) const {
    if (topic_ && topic_->IsValid(row)) rank.topic = topic_->GetView(row);
    if (partition_ && partition_->IsValid(row)) rank.partition = partition_->Value(row);
    if (offset_ && offset_->IsValid(row)) rank.offset = offset_->Value(row);
  }

 private:
  std::shared_ptr<arrow::StringArray> topic_;
  std::shared_ptr<arrow::Int32Array> partition_;
  std::shared_ptr<arrow::Int64Array> offset_;
};

/// Confined to its task.
class UpsertWriter final : public Writer {
 public:
  UpsertWriter(RowShape shape, UpsertKey key, std::function<std::shared_ptr<UpsertRows>()> new_rows, std::shared_ptr<EpochId> open_epoch)
      : shape_(std::move(shape)), key_(std::move(key)), new_rows_(std::move(new_rows)), open_epoch_(std::move(open_epoch)), rows_(new_rows_()) {}

  Result<Step> write(const Batch& batch, Rejects&) override {
    if (!batch || batch->num_rows() == 0) return Step::kReady;
    LT_ASSIGN_OR_RETURN(const Batch rows, shape_.apply(batch));
    LT_RETURN_IF_ERROR(rows_->add(rows, *batch, key_));
    return Step::kReady;
  }

  Result<Step> end_epoch(EpochId epoch, std::unique_ptr<Staged>& staged, Rejects&) override {
    LT_ASSIGN_OR_RETURN(const bool whole, rows_->finish());
    if (!whole) return Step::kMore;
    staged = std::make_unique<UpsertStaged>(std::move(rows_));
    *open_epoch_ = after(epoch);
    rows_ = new_rows_();
    return Step::kDone;
  }

 private:
  const RowShape shape_;
  const UpsertKey key_;
  const std::function<std::shared_ptr<UpsertRows>()> new_rows_;
  std::shared_ptr<EpochId> open_epoch_;
  std::shared_ptr<UpsertRows> rows_;
};

}  // namespace

UpsertRows::UpsertRows(Schema table, SpillPlace spill, uint32_t lane)
    : table_(std::move(table)), spill_(std::move(spill)), lane_(lane), winners_(spill_.parquet.memory) {}

UpsertRows::~UpsertRows() {
  if (spill_path_.empty()) return;
  spilled_.reset();
  const Status removed = spill_.store->remove(storage::join(spill_.table_path, spill_path_));
  if (!removed.ok()) log::warn("a file of rows that waited for their merge could not be removed; the next start removes it", {{"table", spill_.table_path}, {"reason", removed.to_string()}});
}

Status UpsertRows::add(const Batch& rows, const arrow::RecordBatch& batch, const UpsertKey& key) {
  if (rows_ + rows->num_rows() >= lake::KeyIndex::kNone) return Status::user("memory_exceeded", "one epoch of one lane has more rows than an upsert takes; make it shorter");
  LT_RETURN_IF_ERROR(rank(*rows, batch, key));
  rows_ += rows->num_rows();
  const int64_t bytes = arrow::util::TotalBufferSize(*rows);
  bytes_ += bytes;
  held_bytes_ += bytes;
  held_.push_back(rows);
  return spilled_ || held_bytes_ > spill_.rows_bytes_max ? spill(kBatchesAtOnce) : Status();
}

Status UpsertRows::rank(const arrow::RecordBatch& rows, const arrow::RecordBatch& batch, const UpsertKey& key) {
  const ChangeColumn changes(batch);
  const Places places(batch, key.visible);
  const auto columns = key.key.columns_of(rows);
  const auto order = key.order ? rows.column(key.order->index) : nullptr;
  std::string bytes, order_bytes;
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    bytes.clear();
    order_bytes.clear();
    key.key.append(columns, row, bytes);
    const bool is_delete = changes.at(row) == Change::kDelete;
    const auto kind = !is_delete ? Winners::Kind::kRow : places.known() ? Winners::Kind::kDelete : Winners::Kind::kDeleteKey;
    if (order && order->IsValid(row) && kind != Winners::Kind::kDeleteKey) key.order->bytes.append(*order, row, order_bytes.assign(1, '\1'));
    RowRank rank{.order = order_bytes, .topic = {}, .lane = lane_, .row = static_cast<uint32_t>(rows_ + row)};
    places.put(row, rank);
    LT_RETURN_IF_ERROR(winners_.offer(bytes, rank, kind));
  }
  return {};
}

// The oldest first: a file has its rows in their order.
Status UpsertRows::spill(size_t batches) {
  if (!spilled_) {
    spill_path_ = spill_.path();
    LT_ASSIGN_OR_RETURN(auto file, spill_.store->create(storage::join(spill_.table_path, spill_path_)));
    LT_ASSIGN_OR_RETURN(spilled_, lake::open_parquet_writer(std::move(file), table_, spill_.parquet));
  }
  for (; batches > 0 && !held_.empty(); --batches) {
    LT_RETURN_IF_ERROR(spilled_->write(*held_.front()));
    held_.pop_front();
  }
  return {};
}

Result<bool> UpsertRows::finish() {
  if (!spilled_) return true;
  LT_RETURN_IF_ERROR(spill(kBatchesAtOnce));
  if (!held_.empty()) return false;
  LT_ASSIGN_OR_RETURN(const auto file, spilled_->finish());
  spilled_.reset();
  LT_RETURN_IF_ERROR(file->close());
  return true;
}

Status UpsertRows::read(const std::function<Status(const Batch&)>& take) const {
  if (!spill_path_.empty()) {
    lake::AddFile file;
    file.path = lake::uri_encode(spill_path_);
    return lake::scan_file(*spill_.store, spill_.table_path, file, table_, take, spill_.parquet.memory);
  }
  for (const auto& batch : held_) LT_RETURN_IF_ERROR(take(batch));
  return {};
}

std::unique_ptr<Writer> make_upsert_writer(RowShape shape, UpsertKey key, std::function<std::shared_ptr<UpsertRows>()> new_rows,
                                           std::shared_ptr<EpochId> open_epoch) {
  return std::make_unique<UpsertWriter>(std::move(shape), std::move(key), std::move(new_rows), std::move(open_epoch));
}

}  // namespace laketide
