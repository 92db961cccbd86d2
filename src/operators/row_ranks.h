// The order of rows: of records among all there will ever be, or as ORDER BY says.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <arrow/type_fwd.h>

#include "operators/aggregate.h"
#include "operators/key_codec.h"

namespace laketide {

/// One item of ORDER BY. Immutable.
struct SortColumn {
  int column = -1;  // position in the rows
  KeyOrder order;
};

/// Ranks rows by (topic, partition, offset), or by columns and where those are alike by place, as bytes that compare like the rows.
/// Confined to its task.
class RowRanks {
 public:
  /// None if no call of the aggregate is `ordered`.
  static Result<std::optional<RowRanks>> make(const AggregateOptions& options, arrow::MemoryPool* memory);
  /// `order`: positions of topic, partition and offset; -1: not there.
  static Result<RowRanks> make(const arrow::Schema& input, const std::vector<int>& order, arrow::MemoryPool* memory);
  /// By `columns` first; `place` may be empty: rows that are alike have one rank.
  static Result<RowRanks> make(const arrow::Schema& input, const std::vector<SortColumn>& columns, const std::vector<int>& place, arrow::MemoryPool* memory);
  /// A binary value a row.
  Result<std::shared_ptr<arrow::Array>> of(const arrow::RecordBatch& rows);

 private:
  RowRanks(KeyCodec codec, std::vector<int> columns, arrow::MemoryPool* memory) : codec_(std::move(codec)), columns_(std::move(columns)), memory_(memory) {}

  KeyCodec codec_;
  std::vector<int> columns_;
  arrow::MemoryPool* memory_;
  KeyRows rows_;
};

}  // namespace laketide
