#include <algorithm>

#include "expr/aggregate_rows.h"
#include "expr/aggregate_total.h"

namespace laketide::expr {
namespace {

/// Digits behind the point of an average; more where the argument has more.
constexpr int kAverageScale = 16;

template <typename Total>
struct AverageState {
  Total total;
  int64_t count;
};

// Rounded half away from zero. The whole part goes first: the sum itself has no room for 16 digits more.
bool quotient(Int128 sum, int scale, int64_t count, int to_scale, Int128& out) {
  const Int128 shift = power_of_ten(to_scale - scale);
  Int128 whole;
  if (__builtin_mul_overflow(sum / count, shift, &whole)) return false;
  const auto rest = divide(sum % count, scale, count, 0, to_scale);
  return rest && !__builtin_add_overflow(whole, *rest, &out) && fits(out, kNumericDigits);
}
bool quotient(double sum, int, int64_t count, int, double& out) {
  out = sum / static_cast<double>(count);
  return true;
}

/// avg(x). Confined to its task.
template <typename In, typename Total>
class Average final : public PlainAccumulator<AverageState<Total>> {
  using Base = PlainAccumulator<AverageState<Total>>;
  using State = AverageState<Total>;
  using Value = typename Total::Value;

 public:
  Average(const AggregateTypes& types, arrow::MemoryPool* memory) : Base(memory), type_(types.result), total_type_(total_type(types)) {}

  static Type total_type(const AggregateTypes& types) {
    return std::is_same_v<Total, FloatTotal> ? Type(TypeId::kDouble) : Type::numeric(kNumericDigits, types.args[0].scale);
  }

  Status update(const Arrays& args, Groups groups, const arrow::BooleanArray* take, const arrow::Array*) override {
    const Values<In> values(*args[0]);
    bool room = true;
    visit_taken(static_cast<int64_t>(groups.size()), args[0].get(), take, [&](int64_t row) {
      State& state = this->states_[groups[static_cast<size_t>(row)]];
      room &= state.total.add(values[row]);
      ++state.count;
    });
    return room ? Status() : out_of_range();
  }
  Status merge(const Arrays& partial, Groups groups) override {
    const Values<Value> totals(*partial[0]);
    const Values<int64_t> counts(*partial[1]);
    bool room = true;
    for (size_t row = 0; row < groups.size(); ++row) {
      State& state = this->states_[groups[row]];
      room &= state.total.add(totals[static_cast<int64_t>(row)]);
      state.count += counts[static_cast<int64_t>(row)];
    }
    return room ? Status() : out_of_range();
  }
  Result<Arrays> partial(Groups groups, arrow::MemoryPool* memory) const override {
    LT_ASSIGN_OR_RETURN(auto totals, this->template column<Value>(total_type_, groups, memory, [](const State& state, Value& out) {
      out = state.total.value();
      return true;
    }));
    LT_ASSIGN_OR_RETURN(auto counts, this->template column<int64_t>(TypeId::kBigint, groups, memory, [](const State& state, int64_t& out) {
      out = state.count;
      return true;
    }));
    return Arrays{std::move(totals), std::move(counts)};
  }
  Result<std::shared_ptr<arrow::Array>> finish(Groups groups, arrow::MemoryPool* memory) const override {
    bool room = true;
    LT_ASSIGN_OR_RETURN(auto averages, this->template column<Value>(type_, groups, memory, [&](const State& state, Value& out) {
      if (state.count == 0) return false;
      room &= quotient(state.total.value(), total_type_.scale, state.count, type_.scale, out);
      return true;
    }));
    if (!room) return out_of_range();
    return averages;
  }

 private:
  Status out_of_range() const {
    return Status::user("numeric_value_out_of_range", "an average does not fit its type; cast the argument of avg to double: " + type_.name());
  }

  const Type type_, total_type_;
};

template <typename In, typename Total>
Aggregate average_of(TypeId in) {
  Aggregate average{.name = "avg", .args = {in}, .result = TypeId::kDouble};
  average.partial = [](const AggregateTypes& types) { return std::vector<Type>{Average<In, Total>::total_type(types), TypeId::kBigint}; };
  average.make = [](const AggregateTypes& types, arrow::MemoryPool* memory) -> std::unique_ptr<Accumulator> {
    return std::make_unique<Average<In, Total>>(types, memory);
  };
  if (std::is_same_v<Total, WideTotal>) {
    average.result = TypeId::kNumeric;
    average.result_type = [](const std::vector<Type>& args) { return Type::numeric(kNumericDigits, std::max<int>(kAverageScale, args[0].scale)); };
  }
  return average;
}

}  // namespace

std::vector<Aggregate> average_aggregates() {
  return {average_of<int16_t, WideTotal>(TypeId::kSmallint), average_of<int32_t, WideTotal>(TypeId::kInt),
          average_of<int64_t, WideTotal>(TypeId::kBigint),   average_of<Int128, WideTotal>(TypeId::kNumeric),
          average_of<float, FloatTotal>(TypeId::kReal),      average_of<double, FloatTotal>(TypeId::kDouble)};
}

}  // namespace laketide::expr
