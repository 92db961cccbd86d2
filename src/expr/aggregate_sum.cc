#include "expr/aggregate_rows.h"
#include "expr/aggregate_total.h"

namespace laketide::expr {
namespace {

template <typename Total>
struct SumState {
  Total total;
  bool any;
};

/// sum(x): of In values, as a Total. Confined to its task.
template <typename In, typename Total>
class Sum final : public PlainAccumulator<SumState<Total>> {
  using Base = PlainAccumulator<SumState<Total>>;
  using Value = typename Total::Value;

 public:
  Sum(const AggregateTypes& types, arrow::MemoryPool* memory) : Base(memory), type_(types.result) {}

  Status update(const Arrays& args, Groups groups, const arrow::BooleanArray* take, const arrow::Array*) override {
    return add<In>(*args[0], groups, take);
  }
  Status merge(const Arrays& partial, Groups groups) override { return add<Value>(*partial[0], groups, nullptr); }
  Result<Arrays> partial(Groups groups, arrow::MemoryPool* memory) const override {
    LT_ASSIGN_OR_RETURN(auto sums, column_of(groups, memory));
    return Arrays{std::move(sums)};
  }
  Result<std::shared_ptr<arrow::Array>> finish(Groups groups, arrow::MemoryPool* memory) const override {
    if constexpr (std::is_same_v<Total, WideTotal>) {
      for (const uint32_t group : groups) {
        if (!fits(this->states_[group].total.value(), type_.precision)) return out_of_range();
      }
    }
    return column_of(groups, memory);
  }

 private:
  template <typename T>
  Status add(const arrow::Array& array, Groups groups, const arrow::BooleanArray* take) {
    const Values<T> values(array);
    bool room = true;
    visit_taken(static_cast<int64_t>(groups.size()), &array, take, [&](int64_t row) {
      SumState<Total>& state = this->states_[groups[static_cast<size_t>(row)]];
      room &= state.total.add(values[row]);
      state.any = true;
    });
    return room ? Status() : out_of_range();
  }
  Result<std::shared_ptr<arrow::Array>> column_of(Groups groups, arrow::MemoryPool* memory) const {
    return this->template column<Value>(type_, groups, memory, [](const SumState<Total>& state, Value& out) {
      out = state.total.value();
      return state.any;
    });
  }
  Status out_of_range() const {
    return Status::user("numeric_value_out_of_range", "a sum does not fit its type; cast the argument of sum to a wider one: " + type_.name());
  }

  const Type type_;
};

template <typename In, typename Total>
Aggregate sum_of(TypeId in, TypeId out) {
  Aggregate sum{.name = "sum", .args = {in}, .result = out};
  sum.partial = [](const AggregateTypes& types) { return std::vector<Type>{types.result}; };
  sum.make = [](const AggregateTypes& types, arrow::MemoryPool* memory) -> std::unique_ptr<Accumulator> {
    return std::make_unique<Sum<In, Total>>(types, memory);
  };
  return sum;
}

}  // namespace

std::vector<Aggregate> sum_aggregates() {
  std::vector<Aggregate> sums{
      sum_of<int16_t, ShortTotal>(TypeId::kSmallint, TypeId::kBigint), sum_of<int32_t, ShortTotal>(TypeId::kInt, TypeId::kBigint),
      sum_of<int64_t, WideTotal>(TypeId::kBigint, TypeId::kNumeric),   sum_of<Int128, WideTotal>(TypeId::kNumeric, TypeId::kNumeric),
      sum_of<float, FloatTotal>(TypeId::kReal, TypeId::kDouble),       sum_of<double, FloatTotal>(TypeId::kDouble, TypeId::kDouble),
  };
  for (Aggregate& sum : sums) {
    if (sum.result == TypeId::kNumeric) sum.result_type = [](const std::vector<Type>& args) { return Type::numeric(kNumericDigits, args[0].scale); };
  }
  return sums;
}

}  // namespace laketide::expr
