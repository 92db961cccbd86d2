// Rows of a saved table while they are put back.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "operators/key_index.h"
#include "state/saved_table.h"

namespace laketide {

/// The newest row of each key, of all versions that a restart puts back: for a table whose rows mean something only together. Confined
/// to its task.
class RestoredRows {
 public:
  static Result<std::unique_ptr<RestoredRows>> make(const arrow::Schema& keys, arrow::MemoryPool* memory);

  Status add(const state::Rows& rows);
  Status remove(const state::Rows& keys);
  int64_t size() const { return index_->size(); }
  int64_t bytes() const { return index_->bytes(); }
  /// The rows, batch by batch; null where a batch has none left.
  Result<std::vector<state::Rows>> take() const;

 private:
  struct Place {
    size_t batch;
    int64_t row;
  };
  static constexpr Place kNowhere{SIZE_MAX, -1};

  RestoredRows(std::unique_ptr<KeyIndex> index, int keys, arrow::MemoryPool* memory) : index_(std::move(index)), keys_(static_cast<size_t>(keys)), memory_(memory) {}

  std::unique_ptr<KeyIndex> index_;
  const size_t keys_;
  arrow::MemoryPool* const memory_;
  std::vector<state::Rows> batches_;
  std::vector<std::vector<uint32_t>> numbers_;  // of the rows of each batch
  std::vector<Place> places_;                   // by number
};

}  // namespace laketide
