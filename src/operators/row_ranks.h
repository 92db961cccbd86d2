// The order of records among all there will ever be.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <arrow/type_fwd.h>

#include "operators/aggregate.h"
#include "operators/key_codec.h"

namespace laketide {

/// Ranks rows by (topic, partition, offset), as bytes that compare like the places they stand for. Confined to its task.
class RowRanks {
 public:
  /// None if no call of the aggregate is `ordered`.
  static Result<std::optional<RowRanks>> make(const AggregateOptions& options, arrow::MemoryPool* memory);
  /// `order`: positions of topic, partition and offset; -1: not there.
  static Result<RowRanks> make(const arrow::Schema& input, const std::vector<int>& order, arrow::MemoryPool* memory);
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
