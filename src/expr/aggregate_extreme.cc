#include <cmath>
#include <type_traits>

#include "expr/aggregate_rows.h"
#include "expr/byte_slots.h"

namespace laketide::expr {
namespace {

// PostgreSQL's order: NaN is above everything. Of the two zeros, which are equal, one is chosen, so that no order of rows shows.
template <typename T>
bool less(T left, T right) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(left)) return false;
    if (std::isnan(right)) return true;
    if (left == right) return std::signbit(left) && !std::signbit(right);
  }
  return left < right;
}

template <bool kMax, typename T>
bool better(T candidate, T than) {
  return kMax ? less(than, candidate) : less(candidate, than);
}

template <typename T>
struct ExtremeState {
  T value;
  bool any;
};

/// min(x) or max(x) of fixed-width values. Confined to its task.
template <typename T, bool kMax>
class Extreme final : public PlainAccumulator<ExtremeState<T>> {
 public:
  Extreme(const AggregateTypes& types, arrow::MemoryPool* memory) : PlainAccumulator<ExtremeState<T>>(memory), type_(types.result) {}

  Status update(const Arrays& args, Groups groups, const arrow::BooleanArray* take, const arrow::Array*) override {
    const Values<T> values(*args[0]);
    visit_taken(static_cast<int64_t>(groups.size()), args[0].get(), take, [&](int64_t row) {
      ExtremeState<T>& state = this->states_[groups[static_cast<size_t>(row)]];
      const T value = values[row];
      if (!state.any || better<kMax>(value, state.value)) state.value = value;
      state.any = true;
    });
    return {};
  }
  Status merge(const Arrays& partial, Groups groups) override { return update(partial, groups, nullptr, nullptr); }
  Result<Arrays> partial(Groups groups, arrow::MemoryPool* memory) const override {
    LT_ASSIGN_OR_RETURN(auto values, finish(groups, memory));
    return Arrays{std::move(values)};
  }
  Result<std::shared_ptr<arrow::Array>> finish(Groups groups, arrow::MemoryPool* memory) const override {
    return this->template column<T>(type_, groups, memory, [](const ExtremeState<T>& state, T& out) {
      out = state.value;
      return state.any;
    });
  }

 private:
  const Type type_;
};

/// min(x) or max(x) of text, by its bytes. Confined to its task.
template <bool kMax>
class TextExtreme final : public Accumulator {
 public:
  TextExtreme(const AggregateTypes& types, arrow::MemoryPool* memory) : type_(types.result), any_(memory), values_(memory) {}

  Status resize(int64_t count) override {
    LT_RETURN_IF_ERROR(any_.reserve(count));
    return values_.reserve(count);
  }
  Status update(const Arrays& args, Groups groups, const arrow::BooleanArray* take, const arrow::Array*) override {
    const Values<std::string_view> values(*args[0]);
    Status status;
    visit_taken(static_cast<int64_t>(groups.size()), args[0].get(), take, [&](int64_t row) {
      const uint32_t group = groups[static_cast<size_t>(row)];
      if (any_[group] && !better<kMax>(values[row], values_[group])) return;
      any_[group] = true;
      if (Status assigned = values_.assign(group, values[row]); !assigned.ok()) status = std::move(assigned);
    });
    return status;
  }
  Status merge(const Arrays& partial, Groups groups) override { return update(partial, groups, nullptr, nullptr); }
  Result<Arrays> partial(Groups groups, arrow::MemoryPool* memory) const override {
    LT_ASSIGN_OR_RETURN(auto values, finish(groups, memory));
    return Arrays{std::move(values)};
  }
  Result<std::shared_ptr<arrow::Array>> finish(Groups groups, arrow::MemoryPool* memory) const override {
    return memory_result(bytes_column(type_, static_cast<int64_t>(groups.size()), memory, [&](int64_t row, std::string_view& out) {
      const uint32_t group = groups[static_cast<size_t>(row)];
      out = values_[group];
      return any_[group];
    }));
  }
  void clear(Groups groups) override {
    for (const uint32_t group : groups) {
      any_[group] = false;
      values_.clear(group);
    }
  }
  int64_t bytes() const override { return any_.bytes() + values_.bytes(); }

 private:
  const Type type_;
  Paged<bool> any_;
  ByteSlots values_;
};

template <typename Made>
Aggregate extreme_of(std::string_view name, TypeId type) {
  Aggregate extreme{.name = name, .args = {type}, .result = type};
  extreme.result_type = [](const std::vector<Type>& args) { return args[0]; };
  extreme.partial = [](const AggregateTypes& types) { return std::vector<Type>{types.result}; };
  extreme.make = [](const AggregateTypes& types, arrow::MemoryPool* memory) -> std::unique_ptr<Accumulator> {
    return std::make_unique<Made>(types, memory);
  };
  return extreme;
}

template <bool kMax>
std::vector<Aggregate> extremes(std::string_view name) {
  return {extreme_of<Extreme<int16_t, kMax>>(name, TypeId::kSmallint),  extreme_of<Extreme<int32_t, kMax>>(name, TypeId::kInt),
          extreme_of<Extreme<int64_t, kMax>>(name, TypeId::kBigint),    extreme_of<Extreme<Int128, kMax>>(name, TypeId::kNumeric),
          extreme_of<Extreme<float, kMax>>(name, TypeId::kReal),        extreme_of<Extreme<double, kMax>>(name, TypeId::kDouble),
          extreme_of<TextExtreme<kMax>>(name, TypeId::kText),           extreme_of<Extreme<int32_t, kMax>>(name, TypeId::kDate),
          extreme_of<Extreme<int64_t, kMax>>(name, TypeId::kTime),      extreme_of<Extreme<int64_t, kMax>>(name, TypeId::kTimestamp),
          extreme_of<Extreme<int64_t, kMax>>(name, TypeId::kTimestamptz)};
}

}  // namespace

std::vector<Aggregate> extreme_aggregates() {
  std::vector<Aggregate> all = extremes<false>("min");
  for (Aggregate& aggregate : extremes<true>("max")) all.push_back(std::move(aggregate));
  return all;
}

}  // namespace laketide::expr
