#include "operators/top_table.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/array_nested.h>
#include <arrow/array/builder_base.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include "expr/any_values.h"
#include "expr/value_columns.h"
#include "flow/arrow_status.h"

namespace laketide {
namespace {

constexpr const char* kRank = "_rank";
constexpr int kRowBits = 32;
constexpr int64_t kSmall = 65536;  // rows that are not worth making batches anew

size_t batch_of(uint64_t place) { return place >> kRowBits; }
int64_t row_of(uint64_t place) { return static_cast<int64_t>(place & UINT32_MAX); }

std::shared_ptr<arrow::Field> rank_field() { return arrow::field(kRank, arrow::binary(), false); }

Columns columns_at(const arrow::RecordBatch& rows, const std::vector<int>& positions) {
  Columns columns;
  for (const int position : positions) columns.push_back(rows.column(position));
  return columns;
}

// Runs of rows that stand one behind the other are copied at once.
arrow::Result<std::shared_ptr<arrow::Array>> gathered(const std::vector<Batch>& batches, int column, std::span<const uint64_t> places,
                                                      const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* memory) {
  ARROW_ASSIGN_OR_RAISE(const auto builder, arrow::MakeBuilder(type, memory));
  ARROW_RETURN_NOT_OK(builder->Reserve(static_cast<int64_t>(places.size())));
  for (size_t at = 0; at < places.size();) {
    size_t end = at + 1;
    while (end < places.size() && places[end] == places[end - 1] + 1) ++end;
    const arrow::ArraySpan from(*batches[batch_of(places[at])]->column(column)->data());
    ARROW_RETURN_NOT_OK(builder->AppendArraySlice(from, row_of(places[at]), static_cast<int64_t>(end - at)));
    at = end;
  }
  return builder->Finish();
}

}  // namespace

Result<std::unique_ptr<TopTable>> TopTable::make(const TopRowsOptions& options, arrow::MemoryPool* memory) {
  arrow::FieldVector keys;
  for (const int key : options.keys) keys.push_back(options.input->field(key));
  const Schema key_schema = arrow::schema(keys);
  LT_ASSIGN_OR_RETURN(auto index, KeyIndex::make(*key_schema, memory));
  LT_ASSIGN_OR_RETURN(auto gone, KeyIndex::make(*key_schema, memory));
  LT_ASSIGN_OR_RETURN(RowRanks ranks, RowRanks::make(*options.input, options.order, options.place, memory));
  arrow::FieldVector saved = keys;
  saved.push_back(arrow::field(kRank, arrow::list(rank_field()), false));
  for (const auto& field : options.input->fields()) saved.push_back(arrow::field("_" + field->name(), arrow::list(field), false));
  return std::unique_ptr<TopTable>(new TopTable(options, arrow::schema(saved), std::move(index), std::move(gone), std::move(ranks), memory));
}

TopTable::TopTable(const TopRowsOptions& options, Schema saved, std::unique_ptr<KeyIndex> index, std::unique_ptr<KeyIndex> gone, RowRanks ranks, arrow::MemoryPool* memory)
    : SavedGroups(std::move(saved), static_cast<int>(options.keys.size()), std::move(gone), memory),
      input_(options.input),
      ranked_(options.input->AddField(options.input->num_fields(), rank_field()).ValueOrDie()),
      keys_(options.keys),
      width_(static_cast<size_t>(options.count)),
      end_key_(options.event_time_key),
      index_(std::move(index)),
      ranks_(std::move(ranks)),
      places_(memory),
      counts_(memory),
      shown_(memory),
      changed_from_(memory),
      ends_(memory) {}

Status TopTable::groups_of(const Columns& keys, int64_t rows) {
  LT_RETURN_IF_ERROR(index_->find_or_add(keys, rows, groups_));
  LT_RETURN_IF_ERROR(reserve_flags());
  const int64_t numbers = index_->numbers();
  LT_RETURN_IF_ERROR(places_.reserve(numbers * static_cast<int64_t>(width_)));
  for (auto* column : {&counts_, &shown_, &changed_from_}) LT_RETURN_IF_ERROR(column->reserve(numbers));
  LT_RETURN_IF_ERROR(ends_.reserve(numbers));
  for (const uint32_t group : index_->added()) {
    enter(group);
    counts_[group] = shown_[group] = changed_from_[group] = 0;
    ends_[group] = kNever;
  }
  if (end_key_ < 0 || index_->added().empty()) return {};
  const arrow::Array& ends = *keys[static_cast<size_t>(end_key_)];
  const expr::Values<int64_t> values(ends);
  for (int64_t row = 0; row < rows; ++row) {
    if (ends.IsNull(row)) continue;
    ends_[groups_[static_cast<size_t>(row)]] = values[row];
    first_end_ = std::min(first_end_, values[row]);
  }
  return {};
}

std::string_view TopTable::rank(uint64_t place) const {
  return expr::Values<std::string_view>(*batches_[batch_of(place)]->column(input_->num_fields()))[row_of(place)];
}

// Rows that are alike keep the order they came in.
bool TopTable::take(uint32_t group, uint64_t place, std::string_view its_rank) {
  const size_t first = group * width_;
  size_t count = counts_[group], low = 0, high = count;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (rank(places_[first + middle]) <= its_rank) low = middle + 1;
    else high = middle;
  }
  if (low == width_) return false;
  if (count == width_) --count;
  else ++live_;
  for (size_t i = count; i > low; --i) places_[first + i] = places_[first + i - 1];
  places_[first + low] = place;
  counts_[group] = static_cast<uint32_t>(count + 1);
  changed_from_[group] = is_touched(group) ? std::min(changed_from_[group], static_cast<uint32_t>(low)) : static_cast<uint32_t>(low);
  touch(group);
  return true;
}

Status TopTable::add(const Batch& rows) {
  LT_ASSIGN_OR_RETURN(auto ranks, ranks_.of(*rows));
  const expr::Values<std::string_view> its_ranks(*ranks);
  LT_RETURN_IF_ERROR(groups_of(columns_at(*rows, keys_), rows->num_rows()));
  auto ranked = rows->AddColumn(rows->num_columns(), rank_field(), std::move(ranks));
  if (!ranked.ok()) return from_arrow(ranked.status());
  batches_.push_back(std::move(ranked).ValueUnsafe());
  const uint64_t base = (batches_.size() - 1) << kRowBits;
  bool taken = false;
  for (int64_t row = 0; row < rows->num_rows(); ++row) taken |= take(groups_[static_cast<size_t>(row)], base + static_cast<uint64_t>(row), its_ranks[row]);
  if (!taken) {
    batches_.pop_back();
    return {};
  }
  held_ += rows->num_rows();
  bytes_ += arrow::util::TotalBufferSize(*batches_.back());
  return compact();
}

Status TopTable::compact() {
  if (held_ < kSmall || held_ < 2 * live_) return {};
  const auto groups = all_groups();
  std::vector<Batch> fresh;
  std::vector<uint64_t> some;
  int64_t bytes = 0;
  // Batches are given up only when all rows are copied: until then places are those of the old ones.
  std::vector<std::vector<uint64_t>> portions;
  for (const uint32_t group : groups) {
    for (uint32_t number = 0; number < counts_[group]; ++number) some.push_back(place_of(group, number));
    if (some.size() >= kRowsAtOnce || group == groups.back()) portions.push_back(std::exchange(some, {}));
  }
  for (const auto& portion : portions) {
    LT_ASSIGN_OR_RETURN(fresh.emplace_back(), gather(portion, ranked_));
    bytes += arrow::util::TotalBufferSize(*fresh.back());
  }
  uint64_t batch = 0, row = 0;
  for (const uint32_t group : groups) {
    for (uint32_t number = 0; number < counts_[group]; ++number) {
      if (static_cast<int64_t>(row) == fresh[batch]->num_rows()) {
        ++batch;
        row = 0;
      }
      places_[group * width_ + number] = (batch << kRowBits) + row++;
    }
  }
  batches_ = std::move(fresh);
  held_ = live_;
  bytes_ = bytes;
  return {};
}

Result<Batch> TopTable::gather(std::span<const uint64_t> places) const { return gather(places, input_); }

Result<Batch> TopTable::gather(std::span<const uint64_t> places, const Schema& schema) const {
  Columns columns;
  for (int i = 0; i < schema->num_fields(); ++i) {
    auto column = gathered(batches_, i, places, schema->field(i)->type(), memory_);
    if (!column.ok()) return from_arrow(column.status());
    columns.push_back(std::move(column).ValueUnsafe());
  }
  return arrow::RecordBatch::Make(schema, static_cast<int64_t>(places.size()), std::move(columns));
}

void TopTable::show(uint32_t group) { shown_[group] = counts_[group]; }

Result<int64_t> TopTable::drop_late(int64_t late) {
  std::vector<uint32_t> dropped;
  int64_t records = 0;
  for (const uint32_t group : touched()) {
    if (!is_new(group) || ends_[group] > late) continue;
    dropped.push_back(group);
    records += counts_[group];
  }
  LT_RETURN_IF_ERROR(forget(dropped));
  return records;
}

std::vector<uint32_t> TopTable::ended(int64_t moment) {
  if (moment == kNever) return all_groups();
  std::vector<uint32_t> groups;
  if (first_end_ > moment) return groups;
  first_end_ = kNever;
  for (const uint32_t group : all_groups()) {
    if (ends_[group] <= moment) groups.push_back(group);
    else first_end_ = std::min(first_end_, ends_[group]);
  }
  return groups;
}

void TopTable::drop_rows(uint32_t group) {
  live_ -= counts_[group];
  counts_[group] = shown_[group] = 0;
}

Status TopTable::forget(std::span<const uint32_t> groups) {
  std::vector<uint32_t> saved;
  for (const uint32_t group : groups) {
    if (has(group, kSaved)) saved.push_back(group);
    drop_rows(group);
    leave(group);
  }
  LT_ASSIGN_OR_RETURN(const Columns keys, index_->keys(saved, memory_));
  LT_RETURN_IF_ERROR(saved_keys_go(keys, saved.size()));
  index_->erase(groups);
  if (live_ == 0) {
    batches_.clear();
    held_ = bytes_ = 0;
  }
  return {};
}

void TopTable::clear() {
  for (const uint32_t group : all_groups()) leave(group);
  end_epoch();
  index_->clear();
  batches_.clear();
  held_ = live_ = bytes_ = 0;
  first_end_ = kNever;
}

int64_t TopTable::bytes() const {
  return own_bytes() + index_->bytes() + places_.bytes() + counts_.bytes() + shown_.bytes() + changed_from_.bytes() + ends_.bytes() + bytes_;
}

Result<state::Rows> TopTable::rows_of(std::span<const uint32_t> groups) const {
  LT_ASSIGN_OR_RETURN(Columns columns, index_->keys(groups, memory_));
  std::vector<int32_t> offsets{0};
  std::vector<uint64_t> places;
  for (const uint32_t group : groups) {
    for (uint32_t number = 0; number < counts_[group]; ++number) places.push_back(place_of(group, number));
    offsets.push_back(static_cast<int32_t>(places.size()));
  }
  LT_ASSIGN_OR_RETURN(const Batch all, gather(places, ranked_));
  const int last = input_->num_fields();
  for (int i = 0; i <= last; ++i) {
    const auto& field = schema()->field(static_cast<int>(columns.size()));
    LT_ASSIGN_OR_RETURN(auto list, expr::memory_result(expr::list_column(expr::Type::of(*field), offsets, all->column(i == 0 ? last : i - 1), {}, memory_)));
    columns.push_back(std::move(list));
  }
  return arrow::RecordBatch::Make(schema(), static_cast<int64_t>(groups.size()), std::move(columns));
}

Status TopTable::restore(const state::Rows& rows) {
  const size_t keys = keys_.size();
  LT_RETURN_IF_ERROR(groups_of(Columns(rows->columns().begin(), rows->columns().begin() + static_cast<long>(keys)), rows->num_rows()));
  Columns columns;
  for (int i = 1; i <= input_->num_fields(); ++i) columns.push_back(expr::StateLists(*rows->column(static_cast<int>(keys) + i)).shared_values());
  const expr::StateLists lists(*rows->column(static_cast<int>(keys)));
  columns.push_back(lists.shared_values());
  batches_.push_back(arrow::RecordBatch::Make(ranked_, lists.values().length(), std::move(columns)));
  held_ += batches_.back()->num_rows();
  bytes_ += arrow::util::TotalBufferSize(*batches_.back());
  const uint64_t base = (batches_.size() - 1) << kRowBits;
  for (int64_t row = 0; row < rows->num_rows(); ++row) {
    const uint32_t group = groups_[static_cast<size_t>(row)];
    drop_rows(group);
    for (int64_t at = lists.begin(row); at < lists.end(row); ++at) places_[group * width_ + counts_[group]++] = base + static_cast<uint64_t>(at);
    live_ += counts_[group];
    show(group);
    put_back(group);
  }
  return compact();
}

Status TopTable::restore_removed(const state::Rows& keys) {
  std::vector<uint32_t> groups;
  index_->find(keys->columns(), keys->num_rows(), groups);
  std::erase(groups, KeyIndex::kNone);
  for (const uint32_t group : groups) {
    drop_rows(group);
    leave(group);
  }
  index_->erase(groups);
  return {};
}

}  // namespace laketide
