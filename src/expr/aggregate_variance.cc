#include <algorithm>
#include <array>
#include <cmath>

#include <arrow/util/basic_decimal.h>

#include "expr/aggregate_rows.h"
#include "expr/aggregate_total.h"

namespace laketide::expr {
namespace {

using Int256 = arrow::BasicDecimal256;

constexpr int kVarianceScale = 16;

/// Which of the four: of a sample or of all there is, squared or its root. Immutable.
struct Spread {
  bool sample, root;
};

Int256 wide(Int128 value) {
  return Int256(arrow::BasicDecimal128(static_cast<int64_t>(value >> 64), static_cast<uint64_t>(value)));
}
Int256 minus(const Int256& left, const Int256& right) { return left + -right; }
double rough(const Int256& value) {
  double sum = 0;
  const std::array<uint64_t, 4> words = value.little_endian_array();
  for (size_t i = words.size(); i-- > 0;) {
    sum = sum * 0x1p64 + static_cast<double>(words[i]);
  }
  return sum;
}
/// What 256 bits with a sign surely hold.
constexpr double kRoughMax = 5e76;

Int256 tens(int exponent) {
  constexpr int kAtOnce = 38;
  const Int256 first = wide(power_of_ten(std::min(exponent, kAtOnce)));
  return exponent <= kAtOnce ? first : first * wide(power_of_ten(exponent - kAtOnce));
}

// Half away from zero; both are positive.
Int256 rounded_quotient(const Int256& value, const Int256& by) {
  const Int256 quotient = value / by;
  const Int256 rest = value % by;
  return rest >= minus(by, rest) ? quotient + Int256(1) : quotient;
}

Int256 rounded_root(const Int256& value) {
  if (value == Int256(0)) return value;
  // Newton's steps from above: the root of a double is right to 52 bits, two steps do the rest.
  const double guess = std::sqrt(rough(value)) * (1 + 1e-12) + 1;
  const auto high = static_cast<uint64_t>(std::floor(guess / 0x1p64));
  Int256 root(std::array<uint64_t, 4>{static_cast<uint64_t>(guess - static_cast<double>(high) * 0x1p64), high, 0, 0});
  while (true) {
    const Int256 next = (root + value / root) / Int256(2);
    if (next >= root) break;
    root = next;
  }
  return minus(value, root * root) > root ? root + Int256(1) : root;
}

/// Sums of integers and numerics, exact: the digits of the result are those of the definition, in any order of rows.
struct ExactMoments {
  WideTotal sum;
  uint64_t squares[4];
  int64_t count;

  Int256 all_squares() const { return Int256(std::array<uint64_t, 4>{squares[0], squares[1], squares[2], squares[3]}); }
  bool add(Int128 sum_more, const Int256& squares_more, int64_t count_more) {
    const Int256 total = all_squares() + squares_more;
    const std::array<uint64_t, 4> words = total.little_endian_array();
    std::copy(words.begin(), words.end(), squares);
    count += count_more;
    return sum.add(sum_more) && !total.IsNegative();
  }
};

// At `to` digits behind the point; values had `scale`. False if it does not fit.
bool spread_of(const ExactMoments& of, Spread spread, int scale, int to, Int128& out) {
  const Int256 count = wide(of.count), sum = wide(of.sum.value());
  if (static_cast<double>(of.count) * rough(of.all_squares()) > kRoughMax) return false;
  const Int256 above = minus(count * of.all_squares(), sum * sum);
  const Int256 below = count * (spread.sample ? wide(of.count - 1) : count);
  Int256 result;
  if (spread.root) {
    // Digits that there is no room for are so far behind the first that nobody misses them.
    int half = to - scale;
    while (half > 0 && rough(above) * std::pow(10.0, 2 * half) > kRoughMax) --half;
    result = rounded_root(rounded_quotient(above * tens(2 * half), below)) * tens(to - scale - half);
  } else if (to >= 2 * scale) {
    const Int256 shift = tens(to - 2 * scale);
    const Int256 whole = above / below;
    if (rough(whole) * rough(shift) > kRoughMax) return false;
    result = whole * shift + rounded_quotient((above % below) * shift, below);
  } else {
    result = rounded_quotient(above, below * tens(2 * scale - to));
  }
  if (result >= wide(power_of_ten(kNumericDigits))) return false;
  const std::array<uint64_t, 4> words = result.little_endian_array();
  out = static_cast<Int128>(words[1]) * (static_cast<Int128>(1) << 64) + words[0];
  return true;
}

/// Of smallint, int, bigint and numeric. Confined to its task.
template <typename In>
class ExactSpread final : public PlainAccumulator<ExactMoments> {
 public:
  ExactSpread(const AggregateTypes& types, Spread spread, arrow::MemoryPool* memory)
      : PlainAccumulator(memory), type_(types.result), scale_(types.args[0].scale), spread_(spread) {}

  static std::vector<Type> partial_types() { return {Type::numeric(kNumericDigits, 0), TypeId::kBytea, TypeId::kBigint}; }

  Status update(const Arrays& args, Groups groups, const arrow::BooleanArray* take, const arrow::Array*) override {
    const Values<In> values(*args[0]);
    bool room = true;
    visit_taken(static_cast<int64_t>(groups.size()), args[0].get(), take, [&](int64_t row) {
      const Int256 value = wide(values[row]);
      room &= states_[groups[static_cast<size_t>(row)]].add(values[row], value * value, 1);
    });
    return room ? Status() : out_of_range();
  }
  Status merge(const Arrays& partial, Groups groups) override {
    const Values<Int128> sums(*partial[0]);
    const Values<std::string_view> squares(*partial[1]);
    const Values<int64_t> counts(*partial[2]);
    bool room = true;
    for (size_t i = 0; i < groups.size(); ++i) {
      const auto row = static_cast<int64_t>(i);
      std::array<uint64_t, 4> words{};
      if (squares[row].size() != sizeof words) return Status::internal("aggregate_state", "the saved state of a variance has another size");
      std::memcpy(words.data(), squares[row].data(), sizeof words);
      room &= states_[groups[i]].add(sums[row], Int256(words), counts[row]);
    }
    return room ? Status() : out_of_range();
  }
  Result<Arrays> partial(Groups groups, arrow::MemoryPool* memory) const override {
    LT_ASSIGN_OR_RETURN(auto sums, column<Int128>(Type::numeric(kNumericDigits, 0), groups, memory, [](const ExactMoments& state, Int128& out) {
      out = state.sum.value();
      return true;
    }));
    LT_ASSIGN_OR_RETURN(auto squares, memory_result(bytes_column(TypeId::kBytea, static_cast<int64_t>(groups.size()), memory, [&](int64_t row, std::string_view& out) {
      const ExactMoments& state = states_[groups[static_cast<size_t>(row)]];
      out = {reinterpret_cast<const char*>(state.squares), sizeof state.squares};
      return true;
    })));
    LT_ASSIGN_OR_RETURN(auto counts, column<int64_t>(TypeId::kBigint, groups, memory, [](const ExactMoments& state, int64_t& out) {
      out = state.count;
      return true;
    }));
    return Arrays{std::move(sums), std::move(squares), std::move(counts)};
  }
  Result<std::shared_ptr<arrow::Array>> finish(Groups groups, arrow::MemoryPool* memory) const override {
    bool room = true;
    LT_ASSIGN_OR_RETURN(auto results, column<Int128>(type_, groups, memory, [&](const ExactMoments& state, Int128& out) {
      if (state.count < (spread_.sample ? 2 : 1)) return false;
      room &= spread_of(state, spread_, scale_, type_.scale, out);
      return true;
    }));
    if (!room) return out_of_range();
    return results;
  }

 private:
  Status out_of_range() const {
    return Status::user("numeric_value_out_of_range", "a variance does not fit its type; cast its argument to double: " + type_.name());
  }

  const Type type_;
  const int scale_;
  const Spread spread_;
};

/// Youngs and Cramer's way, as PostgreSQL goes it (float8_accum, float8_combine).
struct FloatMoments {
  double count, sum, squares;  // squares: of the differences from the mean

  void add(double value) {
    count += 1;
    sum += value;
    if (count == 1) {
      squares = std::isfinite(value) ? 0 : std::nan("");
      return;
    }
    const double away = value * count - sum;
    squares += away * away / (count * (count - 1));
    if (!std::isfinite(squares)) squares = std::nan("");
  }
  void add(const FloatMoments& right) {
    if (right.count == 0) return;
    if (count == 0) {
      *this = right;
      return;
    }
    const double away = sum / count - right.sum / right.count;
    squares += right.squares + count * right.count * away * away / (count + right.count);
    count += right.count;
    sum += right.sum;
  }
};

/// Of real and double. Confined to its task.
template <typename In>
class FloatSpread final : public PlainAccumulator<FloatMoments> {
 public:
  FloatSpread(const AggregateTypes&, Spread spread, arrow::MemoryPool* memory) : PlainAccumulator(memory), spread_(spread) {}

  static std::vector<Type> partial_types() { return {TypeId::kDouble, TypeId::kDouble, TypeId::kDouble}; }

  Status update(const Arrays& args, Groups groups, const arrow::BooleanArray* take, const arrow::Array*) override {
    const Values<In> values(*args[0]);
    visit_taken(static_cast<int64_t>(groups.size()), args[0].get(), take,
                [&](int64_t row) { states_[groups[static_cast<size_t>(row)]].add(static_cast<double>(values[row])); });
    return {};
  }
  Status merge(const Arrays& partial, Groups groups) override {
    const Values<double> counts(*partial[0]), sums(*partial[1]), squares(*partial[2]);
    for (size_t i = 0; i < groups.size(); ++i) {
      const auto row = static_cast<int64_t>(i);
      states_[groups[i]].add(FloatMoments{counts[row], sums[row], squares[row]});
    }
    return {};
  }
  Result<Arrays> partial(Groups groups, arrow::MemoryPool* memory) const override {
    Arrays columns;
    for (const auto part : {&FloatMoments::count, &FloatMoments::sum, &FloatMoments::squares}) {
      LT_ASSIGN_OR_RETURN(auto values, column<double>(TypeId::kDouble, groups, memory, [&](const FloatMoments& state, double& out) {
        out = state.*part;
        return true;
      }));
      columns.push_back(std::move(values));
    }
    return columns;
  }
  Result<std::shared_ptr<arrow::Array>> finish(Groups groups, arrow::MemoryPool* memory) const override {
    return column<double>(TypeId::kDouble, groups, memory, [&](const FloatMoments& state, double& out) {
      const double below = state.count - (spread_.sample ? 1 : 0);
      if (below <= 0) return false;
      const double variance = state.squares / below;
      out = spread_.root ? std::sqrt(variance) : variance;
      return true;
    });
  }

 private:
  const Spread spread_;
};

template <typename Made, bool kSample, bool kRoot>
Aggregate spread_of_type(std::string_view name, TypeId in, bool exact) {
  Aggregate spread{.name = name, .args = {in}, .result = exact ? TypeId::kNumeric : TypeId::kDouble};
  if (exact) spread.result_type = [](const std::vector<Type>& args) { return Type::numeric(kNumericDigits, std::max<int>(kVarianceScale, args[0].scale)); };
  spread.partial = [](const AggregateTypes&) { return Made::partial_types(); };
  spread.make = [](const AggregateTypes& types, arrow::MemoryPool* memory) -> std::unique_ptr<Accumulator> {
    return std::make_unique<Made>(types, Spread{kSample, kRoot}, memory);
  };
  return spread;
}

template <bool kSample, bool kRoot>
void add_spread(std::string_view name, std::vector<Aggregate>& all) {
  all.push_back(spread_of_type<ExactSpread<int16_t>, kSample, kRoot>(name, TypeId::kSmallint, true));
  all.push_back(spread_of_type<ExactSpread<int32_t>, kSample, kRoot>(name, TypeId::kInt, true));
  all.push_back(spread_of_type<ExactSpread<int64_t>, kSample, kRoot>(name, TypeId::kBigint, true));
  all.push_back(spread_of_type<ExactSpread<Int128>, kSample, kRoot>(name, TypeId::kNumeric, true));
  all.push_back(spread_of_type<FloatSpread<float>, kSample, kRoot>(name, TypeId::kReal, false));
  all.push_back(spread_of_type<FloatSpread<double>, kSample, kRoot>(name, TypeId::kDouble, false));
}

}  // namespace

std::vector<Aggregate> variance_aggregates() {
  std::vector<Aggregate> all;
  add_spread<true, true>("stddev", all);
  add_spread<true, true>("stddev_samp", all);
  add_spread<false, true>("stddev_pop", all);
  add_spread<true, false>("variance", all);
  add_spread<true, false>("var_samp", all);
  add_spread<false, false>("var_pop", all);
  return all;
}

}  // namespace laketide::expr
