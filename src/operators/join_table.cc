#include "operators/join_table.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "expr/value_columns.h"
#include "flow/arrow_status.h"

namespace laketide {
namespace {

constexpr int64_t kChunkRows = 64 * 1024;
constexpr int64_t kPast = std::numeric_limits<int64_t>::min();  // of rows that are kept until the end of the epoch

int64_t bytes_of(const arrow::ArrayData& data) {
  int64_t bytes = 0;
  for (const auto& buffer : data.buffers) bytes += buffer ? buffer->size() : 0;
  for (const auto& child : data.child_data) bytes += bytes_of(*child);
  return bytes;
}

Result<std::shared_ptr<arrow::Array>> taken(const std::shared_ptr<arrow::Array>& values, const std::shared_ptr<arrow::Array>& places, arrow::MemoryPool* memory) {
  arrow::compute::ExecContext context(memory);
  context.set_use_threads(false);
  auto rows = arrow::compute::Take(values, places, arrow::compute::TakeOptions::NoBoundsCheck(), &context);
  if (!rows.ok()) return from_arrow(rows.status());
  return rows->make_array();
}

Schema saved_schema(const arrow::Schema& rows) {
  arrow::FieldVector fields{arrow::field("_row", arrow::int64(), false)};
  fields.insert(fields.end(), rows.fields().begin(), rows.fields().end());
  fields.push_back(arrow::field("_met", arrow::boolean(), false));
  return arrow::schema(std::move(fields));
}

}  // namespace

std::vector<bool> with_null(const Columns& columns, int64_t rows) {
  std::vector<bool> found(static_cast<size_t>(rows), false);
  for (const auto& column : columns) {
    if (column->null_count() == 0) continue;
    for (int64_t row = 0; row < rows; ++row) {
      if (column->IsNull(row)) found[static_cast<size_t>(row)] = true;
    }
  }
  return found;
}

JoinTable::JoinTable(JoinTableOptions options, Schema saved, std::unique_ptr<KeyIndex> index, std::unique_ptr<KeyIndex> gone,
                     std::unique_ptr<RestoredRows> restored, arrow::MemoryPool* memory)
    : SavedGroups(std::move(saved), 1, std::move(gone), memory),
      options_(std::move(options)),
      index_(std::move(index)),
      restored_(std::move(restored)),
      names_(memory),
      places_(memory),
      links_(memory),
      met_(memory),
      ends_(memory),
      all_columns_(static_cast<size_t>(options_.rows->num_fields())) {
  std::iota(all_columns_.begin(), all_columns_.end(), 0);
}

Result<std::unique_ptr<JoinTable>> JoinTable::make(JoinTableOptions options, arrow::MemoryPool* memory) {
  arrow::FieldVector keys;
  for (const int key : options.keys) keys.push_back(options.rows->field(key));
  Schema saved = saved_schema(*options.rows);
  const Schema name = first_fields(*saved, 1);
  LT_ASSIGN_OR_RETURN(auto index, KeyIndex::make(*arrow::schema(keys), memory));
  LT_ASSIGN_OR_RETURN(auto gone, KeyIndex::make(*name, memory));
  LT_ASSIGN_OR_RETURN(auto restored, RestoredRows::make(*name, memory));
  return std::unique_ptr<JoinTable>(new JoinTable(std::move(options), std::move(saved), std::move(index), std::move(gone), std::move(restored), memory));
}

Status JoinTable::add(const Batch& rows) {
  LT_RETURN_IF_ERROR(settle());
  std::vector<int64_t> names(static_cast<size_t>(rows->num_rows()));
  std::iota(names.begin(), names.end(), next_name_);
  LT_RETURN_IF_ERROR(put(rows, names));
  for (const uint32_t row : added_) touch(row);
  return {};
}

Status JoinTable::reserve(int64_t more) {
  const int64_t count = numbers_ + more;
  LT_RETURN_IF_ERROR(names_.reserve(count));
  LT_RETURN_IF_ERROR(places_.reserve(count));
  LT_RETURN_IF_ERROR(links_.reserve(count));
  return met_.reserve(count);
}

uint32_t JoinTable::new_number() {
  if (free_.empty()) return static_cast<uint32_t>(numbers_++);
  const uint32_t number = free_.back();
  free_.pop_back();
  return number;
}

// Rows come in the order of their names.
Status JoinTable::put(const Batch& rows, std::span<const int64_t> names) {
  added_.clear();
  if (rows->num_rows() == 0) return {};
  Columns keys;
  for (const int key : options_.keys) keys.push_back(rows->column(key));
  const std::vector<bool> alone = with_null(keys, rows->num_rows());
  LT_RETURN_IF_ERROR(index_->find_or_add(keys, rows->num_rows(), groups_));
  LT_RETURN_IF_ERROR(ends_.reserve(index_->numbers()));
  for (const uint32_t group : index_->added()) ends_[group] = {kNone, kNone};
  LT_RETURN_IF_ERROR(reserve(rows->num_rows()));
  const uint32_t name = next_chunk_++;
  Chunk& chunk = chunks_[name];
  chunk.rows = rows;
  chunk.live = rows->num_rows();
  for (const auto& column : rows->column_data()) chunk.bytes += bytes_of(*column);
  for (int64_t at = 0; at < rows->num_rows(); ++at) {
    const auto i = static_cast<size_t>(at);
    const uint32_t row = new_number();
    added_.push_back(row);
    names_[row] = names[i];
    places_[row] = {name, static_cast<uint32_t>(at)};
    met_[row] = 0;
    links_[row] = {kNone, kNone, kNone};
    if (!alone[i]) chain(row, groups_[i]);
    chunk.first_until = std::min(chunk.first_until, alone[i] ? kPast : until_of(*rows, at));
  }
  std::vector<uint32_t> unused;
  for (const uint32_t group : index_->added()) {
    if (ends_[group].first == kNone) unused.push_back(group);
  }
  index_->erase(unused);
  chunk.numbers = added_;
  live_ += chunk.live;
  next_name_ = std::max(next_name_, names.back() + 1);
  LT_RETURN_IF_ERROR(reserve_flags());
  for (const uint32_t row : added_) enter(row);
  return {};
}

void JoinTable::chain(uint32_t row, uint32_t group) {
  Ends& ends = ends_[group];
  links_[row] = {group, ends.last, kNone};
  (ends.last == kNone ? ends.first : links_[ends.last].next) = row;
  ends.last = row;
}

void JoinTable::unchain(uint32_t row) {
  const Link link = links_[row];
  if (link.group == kNone) return;
  Ends& ends = ends_[link.group];
  (link.previous == kNone ? ends.first : links_[link.previous].next) = link.next;
  (link.next == kNone ? ends.last : links_[link.next].previous) = link.previous;
  const uint32_t group[] = {link.group};
  if (ends.first == kNone) index_->erase(group);
}

int64_t JoinTable::until_of(const arrow::RecordBatch& rows, int64_t row) const {
  if (options_.time < 0) return kNever;
  const arrow::Array& times = *rows.column(options_.time);
  if (times.IsNull(row)) return kPast;
  int64_t until;
  const int64_t time = expr::Values<int64_t>(times)[row];
  return __builtin_add_overflow(time, options_.keep, &until) ? (options_.keep > 0 ? kNever : kPast) : until;
}

Status JoinTable::find(const Columns& keys, int64_t rows, std::vector<uint32_t>& firsts) {
  LT_RETURN_IF_ERROR(settle());
  const std::vector<bool> alone = with_null(keys, rows);
  index_->find(keys, rows, firsts);
  for (size_t row = 0; row < firsts.size(); ++row) {
    if (firsts[row] != KeyIndex::kNone) firsts[row] = alone[row] ? kNone : ends_[firsts[row]].first;
  }
  return {};
}

bool JoinTable::meet(uint32_t row) {
  if (met(row)) return false;
  met_[row] = 1;
  touch(row);
  return true;
}

Result<std::vector<uint32_t>> JoinTable::ended(int64_t moment) {
  LT_RETURN_IF_ERROR(settle());
  std::vector<uint32_t> rows;
  for (auto& [name, chunk] : chunks_) {
    if (chunk.first_until > moment) continue;
    chunk.first_until = kNever;
    for (size_t at = 0; at < chunk.numbers.size(); ++at) {
      const uint32_t row = chunk.numbers[at];
      if (row == kNone) continue;
      const int64_t until = links_[row].group == kNone ? kPast : until_of(*chunk.rows, static_cast<int64_t>(at));
      if (until <= moment) {
        rows.push_back(row);
      } else {
        chunk.first_until = std::min(chunk.first_until, until);
      }
    }
  }
  std::sort(rows.begin(), rows.end(), [&](uint32_t left, uint32_t right) { return names_[left] < names_[right]; });
  return rows;
}

Status JoinTable::forget(std::span<const uint32_t> rows) {
  std::vector<int64_t> saved;
  for (const uint32_t row : rows) {
    unchain(row);
    if (has(row, kSaved)) saved.push_back(names_[row]);
    leave(row);
    Chunk& chunk = chunks_.at(places_[row].chunk);
    chunk.numbers[places_[row].row] = kNone;
    --chunk.live;
    free_.push_back(row);
  }
  live_ -= static_cast<int64_t>(rows.size());
  if (saved.empty()) return {};
  LT_ASSIGN_OR_RETURN(auto names, expr::memory_result(expr::fixed_column<int64_t>(expr::TypeId::kBigint, static_cast<int64_t>(saved.size()), memory_, [&](int64_t row, int64_t& out) {
    out = saved[static_cast<size_t>(row)];
    return true;
  })));
  return saved_keys_go({std::move(names)}, saved.size());
}

Status JoinTable::finish_epoch() {
  end_epoch();
  std::vector<uint32_t> sparse;
  for (const auto& [name, chunk] : chunks_) {
    if (chunk.live * 2 <= chunk.rows->num_rows()) sparse.push_back(name);
  }
  for (const uint32_t name : sparse) LT_RETURN_IF_ERROR(rewrite({&name, 1}));
  while (chunks_.size() > 1) {
    const auto last = std::prev(chunks_.end()), before = std::prev(last);
    if (before->second.live > 2 * last->second.live || before->second.live + last->second.live > kChunkRows) break;
    const uint32_t names[] = {before->first, last->first};
    LT_RETURN_IF_ERROR(rewrite(names));
  }
  return {};
}

Status JoinTable::rewrite(std::span<const uint32_t> names) {
  Chunk chunk;
  for (const uint32_t name : names) {
    const Chunk& old = chunks_.at(name);
    for (const uint32_t row : old.numbers) {
      if (row != kNone) chunk.numbers.push_back(row);
    }
    chunk.first_until = std::min(chunk.first_until, old.first_until);
  }
  const auto count = static_cast<int64_t>(chunk.numbers.size());
  if (count > 0) {
    LT_ASSIGN_OR_RETURN(Columns kept, columns(chunk.numbers, all_columns_));
    chunk.rows = arrow::RecordBatch::Make(options_.rows, count, std::move(kept));
    chunk.live = count;
    for (const auto& column : chunk.rows->column_data()) chunk.bytes += bytes_of(*column);
  }
  for (const uint32_t name : names) chunks_.erase(name);
  if (count == 0) return {};
  for (int64_t at = 0; at < count; ++at) places_[chunk.numbers[static_cast<size_t>(at)]] = {names.back(), static_cast<uint32_t>(at)};
  chunks_.emplace(names.back(), std::move(chunk));
  return {};
}

// Each chunk gives its rows in one go; the pieces, one behind the other, are then put in order.
Result<Columns> JoinTable::columns(std::span<const uint32_t> rows, std::span<const int> wanted) const {
  std::vector<size_t> by_chunk;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] != kNone) by_chunk.push_back(i);
  }
  const auto chunk_of = [&](size_t i) { return places_[rows[i]].chunk; };
  const bool sorted = std::is_sorted(by_chunk.begin(), by_chunk.end(), [&](size_t a, size_t b) { return chunk_of(a) < chunk_of(b); });
  if (!sorted) std::stable_sort(by_chunk.begin(), by_chunk.end(), [&](size_t a, size_t b) { return chunk_of(a) < chunk_of(b); });
  std::vector<arrow::ArrayVector> pieces(wanted.size());
  for (size_t begin = 0; begin < by_chunk.size();) {
    const uint32_t name = chunk_of(by_chunk[begin]);
    arrow::Int32Builder places(memory_);
    size_t end = begin;
    for (; end < by_chunk.size() && chunk_of(by_chunk[end]) == name; ++end) {
      LT_RETURN_IF_ERROR(from_arrow(places.Append(static_cast<int32_t>(places_[rows[by_chunk[end]]].row))));
    }
    std::shared_ptr<arrow::Array> of_chunk;
    LT_RETURN_IF_ERROR(from_arrow(places.Finish(&of_chunk)));
    for (size_t i = 0; i < wanted.size(); ++i) {
      LT_ASSIGN_OR_RETURN(auto piece, taken(chunks_.at(name).rows->column(wanted[i]), of_chunk, memory_));
      pieces[i].push_back(std::move(piece));
    }
    begin = end;
  }
  std::shared_ptr<arrow::Array> order;
  if (!sorted || by_chunk.size() < rows.size()) {
    std::vector<int64_t> place(rows.size(), -1);
    for (size_t i = 0; i < by_chunk.size(); ++i) place[by_chunk[i]] = static_cast<int64_t>(i);
    LT_ASSIGN_OR_RETURN(order, expr::memory_result(expr::fixed_column<int64_t>(expr::TypeId::kBigint, static_cast<int64_t>(rows.size()), memory_, [&](int64_t row, int64_t& out) {
      out = place[static_cast<size_t>(row)];
      return out >= 0;
    })));
  }
  Columns columns;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (pieces[i].empty()) {
      auto nulls = arrow::MakeArrayOfNull(options_.rows->field(wanted[i])->type(), static_cast<int64_t>(rows.size()), memory_);
      if (!nulls.ok()) return from_arrow(nulls.status());
      columns.push_back(*nulls);
      continue;
    }
    auto whole = pieces[i].size() == 1 ? arrow::Result<std::shared_ptr<arrow::Array>>(pieces[i].front()) : arrow::Concatenate(pieces[i], memory_);
    if (!whole.ok()) return from_arrow(whole.status());
    if (order) {
      LT_ASSIGN_OR_RETURN(*whole, taken(*whole, order, memory_));
    }
    columns.push_back(std::move(*whole));
  }
  return columns;
}

Result<state::Rows> JoinTable::rows_of(std::span<const uint32_t> rows) const {
  const auto count = static_cast<int64_t>(rows.size());
  Columns all;
  LT_ASSIGN_OR_RETURN(auto names, expr::memory_result(expr::fixed_column<int64_t>(expr::TypeId::kBigint, count, memory_, [&](int64_t row, int64_t& out) {
    out = names_[rows[static_cast<size_t>(row)]];
    return true;
  })));
  all.push_back(std::move(names));
  LT_ASSIGN_OR_RETURN(Columns values, columns(rows, all_columns_));
  for (auto& value : values) all.push_back(std::move(value));
  LT_ASSIGN_OR_RETURN(auto met_column, expr::memory_result(expr::boolean_column(count, memory_, [&](int64_t row, bool& out) {
    out = met(rows[static_cast<size_t>(row)]);
    return true;
  })));
  all.push_back(std::move(met_column));
  return arrow::RecordBatch::Make(schema(), count, std::move(all));
}

// After a restart, before the first use: the rows come back in the order in which they came first.
Status JoinTable::settle() {
  if (!restored_) return {};
  const std::unique_ptr<RestoredRows> restored = std::move(restored_);
  LT_ASSIGN_OR_RETURN(std::vector<state::Rows> batches, restored->take());
  std::erase(batches, nullptr);
  if (batches.empty()) return {};
  auto all = arrow::ConcatenateRecordBatches(batches, memory_);
  if (!all.ok()) return from_arrow(all.status());
  const expr::Values<int64_t> names(*(*all)->column(0));
  const expr::Values<bool> met(*(*all)->column((*all)->num_columns() - 1));
  std::vector<int64_t> order(static_cast<size_t>((*all)->num_rows()));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t left, int64_t right) { return names[left] < names[right]; });
  for (size_t first = 0; first < order.size(); first += kChunkRows) {
    const auto some = std::span(order).subspan(first, std::min<size_t>(kChunkRows, order.size() - first));
    const auto places = std::make_shared<arrow::Int64Array>(static_cast<int64_t>(some.size()), arrow::Buffer::Wrap(some.data(), some.size()));
    Columns columns;
    for (int i = 1; i + 1 < (*all)->num_columns(); ++i) {
      LT_ASSIGN_OR_RETURN(auto column, taken((*all)->column(i), places, memory_));
      columns.push_back(std::move(column));
    }
    std::vector<int64_t> some_names;
    for (const int64_t at : some) some_names.push_back(names[at]);
    LT_RETURN_IF_ERROR(put(arrow::RecordBatch::Make(options_.rows, static_cast<int64_t>(some.size()), std::move(columns)), some_names));
    for (size_t i = 0; i < added_.size(); ++i) {
      put_back(added_[i]);
      met_[added_[i]] = met[some[i]] ? 1 : 0;
    }
  }
  added_.clear();
  return {};
}

int64_t JoinTable::bytes() const {
  int64_t bytes = own_bytes() + index_->bytes() + names_.bytes() + places_.bytes() + links_.bytes() + met_.bytes() + ends_.bytes();
  for (const auto& [name, chunk] : chunks_) bytes += chunk.bytes + static_cast<int64_t>(chunk.numbers.capacity() * sizeof(uint32_t));
  return bytes + (restored_ ? restored_->bytes() : 0);
}

}  // namespace laketide
