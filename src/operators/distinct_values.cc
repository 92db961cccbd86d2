#include "operators/distinct_values.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/type.h>

#include "expr/any_values.h"
#include "flow/arrow_status.h"
#include "operators/key_index.h"

namespace laketide {
namespace {

using expr::Arrays;
using expr::Groups;

/// Every (group, arguments) that was seen, in an index of its own; the entries of a group are a chain. Confined to its task.
class DistinctValues final : public expr::Accumulator {
 public:
  DistinctValues(const AggregateCall& call, std::unique_ptr<KeyIndex> seen, arrow::MemoryPool* memory)
      : call_(call), memory_(memory), seen_(std::move(seen)), inner_(call.function->make(call.types, memory)), first_(memory), next_(memory) {}

  Status resize(int64_t count) override {
    LT_RETURN_IF_ERROR(first_.reserve(count));
    return inner_->resize(count);
  }

  Status update(const Arrays& args, Groups groups, const arrow::BooleanArray* take, const arrow::Array*) override {
    if (take == nullptr) return add(args, groups);
    arrow::compute::ExecContext context(memory_);
    context.set_use_threads(false);
    Arrays taken;
    for (const auto& arg : args) {
      auto values = arrow::compute::Filter(arg, arrow::MakeArray(take->data()), arrow::compute::FilterOptions::Defaults(), &context);
      if (!values.ok()) return from_arrow(values.status());
      taken.push_back(values->make_array());
    }
    std::vector<uint32_t> taken_groups;
    expr::visit_taken(take->length(), nullptr, take, [&](int64_t row) { taken_groups.push_back(groups[static_cast<size_t>(row)]); });
    return add(taken, taken_groups);
  }

  Status merge(const Arrays& partial, Groups groups) override {
    std::vector<uint32_t> repeated;
    const expr::StateLists first(*partial[0]);
    for (size_t i = 0; i < groups.size(); ++i) {
      const auto row = static_cast<int64_t>(i);
      repeated.insert(repeated.end(), static_cast<size_t>(first.end(row) - first.begin(row)), groups[i]);
    }
    Arrays args;
    for (const auto& column : partial) {
      const expr::StateLists lists(*column);
      const int64_t begin = groups.empty() ? 0 : lists.begin(0);
      args.push_back(lists.shared_values()->Slice(begin, static_cast<int64_t>(repeated.size())));
    }
    return add(args, repeated);
  }

  Result<Arrays> partial(Groups groups, arrow::MemoryPool* memory) const override {
    std::vector<uint32_t> entries;
    std::vector<int32_t> offsets{0};
    for (const uint32_t group : groups) {
      collect(group, entries);
      offsets.push_back(static_cast<int32_t>(entries.size()));
    }
    LT_ASSIGN_OR_RETURN(const Columns values, seen_->keys(entries, memory));
    Arrays columns;
    for (size_t arg = 0; arg + 1 < values.size(); ++arg) {
      LT_ASSIGN_OR_RETURN(auto lists, expr::memory_result(expr::list_column(expr::list_of(call_.types.args[arg]), offsets, values[arg + 1], {}, memory)));
      columns.push_back(std::move(lists));
    }
    return columns;
  }

  Result<std::shared_ptr<arrow::Array>> finish(Groups groups, arrow::MemoryPool* memory) const override {
    return call_.function->ordered ? finish_sorted(groups, memory) : inner_->finish(groups, memory);
  }

  void clear(Groups groups) override {
    std::vector<uint32_t> entries;
    for (const uint32_t group : groups) {
      collect(group, entries);
      first_[group] = 0;
    }
    seen_->erase(entries);
    inner_->clear(groups);
  }
  int64_t bytes() const override { return seen_->bytes() + inner_->bytes() + first_.bytes() + next_.bytes(); }

 private:
  Status add(const Arrays& args, Groups groups) {
    const auto rows = static_cast<int64_t>(groups.size());
    Columns key{std::make_shared<arrow::UInt32Array>(rows, arrow::Buffer::Wrap(groups.data(), groups.size()))};
    key.insert(key.end(), args.begin(), args.end());
    LT_RETURN_IF_ERROR(seen_->find_or_add(key, rows, entries_));
    LT_RETURN_IF_ERROR(next_.reserve(seen_->numbers()));
    // Keys were added in the order of rows, so that one walk finds the row that brought each.
    size_t added = 0;
    auto fresh = expr::boolean_column(rows, memory_, [&](int64_t row, bool& out) {
      const auto i = static_cast<size_t>(row);
      out = added < seen_->added().size() && seen_->added()[added] == entries_[i];
      if (!out) return true;
      next_[entries_[i]] = std::exchange(first_[groups[i]], entries_[i] + 1);
      ++added;
      return true;
    });
    if (!fresh.ok()) return from_arrow(fresh.status());
    if (call_.function->ordered || added == 0) return {};
    return inner_->update(args, groups, static_cast<const arrow::BooleanArray*>(fresh->get()), nullptr);
  }

  void collect(uint32_t group, std::vector<uint32_t>& entries) const {
    for (uint32_t entry = first_[group]; entry != 0; entry = next_[entry - 1]) entries.push_back(entry - 1);
  }

  Result<std::shared_ptr<arrow::Array>> finish_sorted(Groups groups, arrow::MemoryPool* memory) const {
    std::vector<uint32_t> entries, places;
    for (size_t i = 0; i < groups.size(); ++i) {
      const size_t begin = entries.size();
      collect(groups[i], entries);
      seen_->sort(std::span(entries).subspan(begin));
      places.insert(places.end(), entries.size() - begin, static_cast<uint32_t>(i));
    }
    LT_ASSIGN_OR_RETURN(const Columns values, seen_->keys(entries, memory));
    char rank[sizeof(uint64_t)];
    LT_ASSIGN_OR_RETURN(const auto ranks, expr::memory_result(expr::bytes_column(expr::TypeId::kBytea, static_cast<int64_t>(entries.size()), memory, [&](int64_t row, std::string_view& out) {
      const uint64_t number = __builtin_bswap64(static_cast<uint64_t>(row));
      std::memcpy(rank, &number, sizeof rank);
      out = {rank, sizeof rank};
      return true;
    })));
    const auto sorted = call_.function->make(call_.types, memory);
    LT_RETURN_IF_ERROR(sorted->resize(static_cast<int64_t>(groups.size())));
    LT_RETURN_IF_ERROR(sorted->update(Arrays(values.begin() + 1, values.end()), places, nullptr, ranks.get()));
    std::vector<uint32_t> all(groups.size());
    std::iota(all.begin(), all.end(), 0U);
    return sorted->finish(all, memory);
  }

  const AggregateCall call_;
  arrow::MemoryPool* const memory_;
  std::unique_ptr<KeyIndex> seen_;
  std::unique_ptr<expr::Accumulator> inner_;
  expr::Paged<uint32_t> first_, next_;  // an entry's number + 1; 0: none
  std::vector<uint32_t> entries_;
};

}  // namespace

Result<std::unique_ptr<expr::Accumulator>> make_distinct_values(const AggregateCall& call, arrow::MemoryPool* memory) {
  arrow::FieldVector fields{arrow::field("group", arrow::uint32(), false)};
  for (const expr::Type& arg : call.types.args) fields.push_back(arg.field("argument", true));
  LT_ASSIGN_OR_RETURN(auto seen, KeyIndex::make(*arrow::schema(fields), memory));
  return std::unique_ptr<expr::Accumulator>(std::make_unique<DistinctValues>(call, std::move(seen), memory));
}

std::vector<expr::Type> distinct_state_types(const AggregateCall& call) {
  std::vector<expr::Type> types;
  for (const expr::Type& arg : call.types.args) types.push_back(expr::list_of(arg));
  return types;
}

}  // namespace laketide
