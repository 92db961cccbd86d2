// One lane's rows of one epoch on their way into a merge.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "flow/batch.h"
#include "flow/epoch.h"
#include "flow/sink.h"
#include "lake/parquet_writer.h"
#include "lake/row_key.h"
#include "sinks/delta/row_shape.h"
#include "sinks/delta/winners.h"
#include "storage/store.h"

namespace laketide {

/// How rows are told apart and ranked. Immutable.
struct UpsertKey {
  lake::RowKey key;
  std::optional<lake::RowKey::Column> order;  // order_by
  int visible = 0;  // columns that come before the hidden ones
};

/// Where a lane keeps rows for which there is no room in memory. Immutable.
struct SpillPlace {
  std::shared_ptr<storage::Store> store;
  std::string table_path;
  std::function<std::string()> path;  // of a new file, below the table's root
  int64_t rows_bytes_max = 32 << 20;  // held in memory
  lake::ParquetOptions parquet;
};

/// The rows that a lane was given, as the table has them, numbered in the order they came, and the best of each key. What does not fit
/// into memory lies in a file that readers do not see and that goes with this object; a claim removes what a dead process left.
/// Once staged it is only read. Confined to its task.
class UpsertRows {
 public:
  UpsertRows(Schema table, SpillPlace spill, uint32_t lane);
  ~UpsertRows();
  UpsertRows(const UpsertRows&) = delete;
  UpsertRows& operator=(const UpsertRows&) = delete;

  /// `rows`: of the table's schema. `batch`: the same as they came, with their hidden columns.
  Status add(const Batch& rows, const arrow::RecordBatch& batch, const UpsertKey& key);
  /// No more rows come. False: call again.
  Result<bool> finish();
  /// Hands out all rows in their order.
  Status read(const std::function<Status(const Batch&)>& take) const;

  const Winners& winners() const { return winners_; }
  int64_t rows() const { return rows_; }
  int64_t bytes() const { return bytes_; }
  uint32_t lane() const { return lane_; }

 private:
  Status rank(const arrow::RecordBatch& rows, const arrow::RecordBatch& batch, const UpsertKey& key);
  Status spill(size_t batches);

  const Schema table_;
  const SpillPlace spill_;
  const uint32_t lane_;
  Winners winners_;
  std::deque<Batch> held_;
  int64_t held_bytes_ = 0;
  int64_t rows_ = 0, bytes_ = 0;
  std::string spill_path_;  // empty: nothing was spilled
  std::unique_ptr<lake::ParquetWriter> spilled_;
};

/// Shared with what prepares the epoch, which may have to merge it again. Confined to its task.
class UpsertStaged final : public Staged {
 public:
  explicit UpsertStaged(std::shared_ptr<const UpsertRows> rows) : rows_(std::move(rows)) {}
  int64_t rows() const override { return rows_->rows(); }
  int64_t bytes() const override { return rows_->bytes(); }
  const std::shared_ptr<const UpsertRows>& shared() const { return rows_; }

 private:
  std::shared_ptr<const UpsertRows> rows_;
};

/// `new_rows` makes the rows of the next epoch.
std::unique_ptr<Writer> make_upsert_writer(RowShape shape, UpsertKey key, std::function<std::shared_ptr<UpsertRows>()> new_rows,
                                           std::shared_ptr<EpochId> open_epoch);

}  // namespace laketide
