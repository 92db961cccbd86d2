// How accumulators go through rows and hold their states.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <arrow/array/array_primitive.h>

#include "expr/aggregate.h"
#include "expr/decimal.h"
#include "expr/paged.h"
#include "expr/value_columns.h"

namespace laketide::expr {

using Groups = std::span<const uint32_t>;
using Arrays = std::vector<std::shared_ptr<arrow::Array>>;

/// Calls `visit(row)` for rows that `take` does not leave out (null: none is) and that `array` has a value for (null: all do).
template <typename Visit>
void visit_taken(int64_t rows, const arrow::Array* array, const arrow::BooleanArray* take, Visit&& visit) {
  const uint8_t* valid = array != nullptr && array->null_count() > 0 ? array->null_bitmap_data() : nullptr;
  if (take == nullptr && valid == nullptr) {
    for (int64_t row = 0; row < rows; ++row) visit(row);
    return;
  }
  for (int64_t row = 0; row < rows; ++row) {
    if (take != nullptr && (take->IsNull(row) || !take->Value(row))) continue;
    if (valid != nullptr && !arrow::bit_util::GetBit(valid, array->offset() + row)) continue;
    visit(row);
  }
}

/// An accumulator whose state of a group is one plain struct, all zero bits when empty. Confined to its task.
template <typename State>
class PlainAccumulator : public Accumulator {
 public:
  explicit PlainAccumulator(arrow::MemoryPool* memory) : states_(memory) {}
  Status resize(int64_t count) override { return states_.reserve(count); }
  void clear(Groups groups) override {
    for (const uint32_t group : groups) states_[group] = State{};
  }
  int64_t bytes() const override { return states_.bytes(); }

 protected:
  /// A column of one value a group, from `value(const State&, T& out)`.
  template <typename T, typename Value>
  Result<std::shared_ptr<arrow::Array>> column(const Type& type, Groups groups, arrow::MemoryPool* memory, Value&& value) const {
    return memory_result(fixed_column<T>(type, static_cast<int64_t>(groups.size()), memory,
                                         [&](int64_t row, T& out) { return value(states_[groups[static_cast<size_t>(row)]], out); }));
  }

  Paged<State> states_;
};

// Each file of aggregates gives its overloads; aggregate.cc puts them together.
std::vector<Aggregate> count_aggregates();
std::vector<Aggregate> sum_aggregates();
std::vector<Aggregate> average_aggregates();
std::vector<Aggregate> extreme_aggregates();
std::vector<Aggregate> boolean_aggregates();
std::vector<Aggregate> variance_aggregates();
std::vector<Aggregate> place_aggregates();
std::vector<Aggregate> list_aggregates();
std::vector<Aggregate> percentile_aggregates();
std::vector<Aggregate> estimate_aggregates();

}  // namespace laketide::expr
