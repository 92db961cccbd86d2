#include "operators/restored_rows.h"

#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "expr/value_columns.h"
#include "operators/selection.h"

namespace laketide {

Result<std::unique_ptr<RestoredRows>> RestoredRows::make(const arrow::Schema& keys, arrow::MemoryPool* memory) {
  LT_ASSIGN_OR_RETURN(auto index, KeyIndex::make(keys, memory));
  return std::unique_ptr<RestoredRows>(new RestoredRows(std::move(index), keys.num_fields(), memory));
}

Status RestoredRows::add(const state::Rows& rows) {
  std::vector<uint32_t>& numbers = numbers_.emplace_back();
  LT_RETURN_IF_ERROR(index_->find_or_add(std::span(rows->columns()).first(keys_), rows->num_rows(), numbers));
  places_.resize(static_cast<size_t>(index_->numbers()), kNowhere);
  for (size_t row = 0; row < numbers.size(); ++row) places_[numbers[row]] = {batches_.size(), static_cast<int64_t>(row)};
  batches_.push_back(rows);
  return {};
}

Status RestoredRows::remove(const state::Rows& keys) {
  std::vector<uint32_t> numbers;
  index_->find(std::span(keys->columns()).first(keys_), keys->num_rows(), numbers);
  std::erase(numbers, KeyIndex::kNone);
  for (const uint32_t number : numbers) places_[number] = kNowhere;
  index_->erase(numbers);
  return {};
}

Result<std::vector<state::Rows>> RestoredRows::take() const {
  std::vector<state::Rows> taken;
  for (size_t batch = 0; batch < batches_.size(); ++batch) {
    LT_ASSIGN_OR_RETURN(const auto newest, expr::memory_result(expr::boolean_column(batches_[batch]->num_rows(), memory_, [&](int64_t row, bool& out) {
      const Place& place = places_[numbers_[batch][static_cast<size_t>(row)]];
      out = place.batch == batch && place.row == row;
      return true;
    })));
    LT_ASSIGN_OR_RETURN(state::Rows rows, select_rows(batches_[batch], newest, memory_));
    taken.push_back(std::move(rows));
  }
  return taken;
}

}  // namespace laketide
