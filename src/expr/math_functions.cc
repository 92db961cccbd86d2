// abs, round, floor, ceil, trunc and sign of every kind of number.
#include <algorithm>
#include <cmath>

#include "expr/decimal.h"
#include "expr/function.h"
#include "expr/strict_kernel.h"

namespace laketide::expr {
namespace {


struct Absolute {
  template <typename T>
  ErrorCode operator()(T value, T& out) const {
    if constexpr (std::is_floating_point_v<T>) {
      out = std::fabs(value);
      return kGood;
    } else {
      out = value;
      return value < 0 && __builtin_sub_overflow(T{0}, value, &out) ? kRange : kGood;
    }
  }
};

template <double (*function)(double)>
struct OfDouble {
  ErrorCode operator()(double value, double& out) const {
    out = function(value);
    return kGood;
  }
};

double sign_of(double value) { return value > 0 ? 1 : value < 0 ? -1 : 0; }  // also of NaN

enum class Rounding { kNearest, kDown, kUp, kToZero };

/// Brings a numeric to the scale of the result. Immutable.
template <Rounding rounding>
struct RoundDecimal {
  RoundDecimal(const Call& call, std::span<const Column> args)
      : from(args[0].type.scale), to(call.node.type.scale), precision(call.node.type.precision) {}

  template <typename... Ignored>
  ErrorCode operator()(Int128 value, Ignored&&... rest) const {
    Int128& out = std::get<sizeof...(Ignored) - 1>(std::tie(rest...));
    const auto rounded = result(value);
    const bool good = rounded && fits(*rounded, precision);
    out = good ? *rounded : 0;
    return good ? kGood : kRange;
  }

 private:
  std::optional<Int128> result(Int128 value) const {
    if (rounding == Rounding::kNearest || to >= from) return rescale(value, from, to);
    const Int128 unit = power_of_ten(from - to);
    const Int128 whole = value / unit, left = value % unit;
    if (rounding == Rounding::kDown && left < 0) return whole - 1;
    if (rounding == Rounding::kUp && left > 0) return whole + 1;
    return whole;
  }
  int from, to, precision;
};

struct DecimalSign {
  ErrorCode operator()(Int128 value, Int128& out) const {
    out = value > 0 ? 1 : value < 0 ? -1 : 0;
    return kGood;
  }
};

Result<Type> same_type(std::span<const ExprPtr> args) { return args[0]->type; }
Result<Type> one_digit(std::span<const ExprPtr>) { return Type::numeric(1, 0); }
// One digit more: 9.9 rounds to 10.
Result<Type> whole_type(std::span<const ExprPtr> args) { return Type::numeric(args[0]->type.precision - args[0]->type.scale + 1, 0); }

Result<Type> places_type(std::span<const ExprPtr> args) {
  const Expression& places = *args[1];
  if (places.kind != Expression::Kind::kConstant || is_null_constant(places)) {
    return Status::user("sql_type", "the number of digits must be a constant here: it decides the type of the result");
  }
  const int wanted = places.value->GetValues<int32_t>(1)[0];
  if (wanted < 0) return Status::user("sql_type", "the number of digits must not be negative: divide, round and multiply instead");
  const Type& type = args[0]->type;
  const int scale = std::min(wanted, kNumericDigits);
  return Type::numeric(type.precision - type.scale + 1 + scale, scale);
}

template <typename Op, typename Out, typename... In>
Function function(std::string_view name, std::vector<TypeId> args, TypeId result, bool can_fail = false, ResultType type = nullptr) {
  return {name, std::move(args), result, &strict<Op, Out, In...>, can_fail, type};
}

template <double (*of_double)(double), Rounding rounding>
void add_rounding(std::vector<Function>& all, std::string_view name) {
  using enum TypeId;
  all.push_back(function<OfDouble<of_double>, double, double>(name, {kDouble}, kDouble));
  all.push_back(function<RoundDecimal<rounding>, Int128, Int128>(name, {kNumeric}, kNumeric, true, whole_type));
}

}  // namespace

std::vector<Function> math_functions() {
  using enum TypeId;
  std::vector<Function> all{
      function<Absolute, int16_t, int16_t>("abs", {kSmallint}, kSmallint, true),
      function<Absolute, int32_t, int32_t>("abs", {kInt}, kInt, true),
      function<Absolute, int64_t, int64_t>("abs", {kBigint}, kBigint, true),
      function<Absolute, float, float>("abs", {kReal}, kReal),
      function<Absolute, double, double>("abs", {kDouble}, kDouble),
      function<Absolute, Int128, Int128>("abs", {kNumeric}, kNumeric, false, same_type),
      function<OfDouble<sign_of>, double, double>("sign", {kDouble}, kDouble),
      function<DecimalSign, Int128, Int128>("sign", {kNumeric}, kNumeric, false, one_digit),
      function<RoundDecimal<Rounding::kNearest>, Int128, Int128, int32_t>("round", {kNumeric, kInt}, kNumeric, true, places_type),
      function<RoundDecimal<Rounding::kToZero>, Int128, Int128, int32_t>("trunc", {kNumeric, kInt}, kNumeric, true, places_type),
  };
  add_rounding<std::rint, Rounding::kNearest>(all, "round");
  add_rounding<std::floor, Rounding::kDown>(all, "floor");
  add_rounding<std::ceil, Rounding::kUp>(all, "ceil");
  add_rounding<std::ceil, Rounding::kUp>(all, "ceiling");
  add_rounding<std::trunc, Rounding::kToZero>(all, "trunc");
  return all;
}

}  // namespace laketide::expr
