// + - * / % and unary minus of numerics. PostgreSQL's numerics have as many digits as they need; ours have 38, and the number of
// digits behind the point is known before the first row (see README.md, "numeric").
#include <algorithm>

#include "expr/decimal.h"
#include "expr/function.h"
#include "expr/strict_kernel.h"

namespace laketide::expr {
namespace {

// PostgreSQL gives a quotient at least so many significant digits (NUMERIC_MIN_SIG_DIGITS).
constexpr int kQuotientScale = 16;

int before_point(const Type& type) { return type.precision - type.scale; }

Result<Type> sum_type(std::span<const ExprPtr> args) {
  const Type &a = args[0]->type, &b = args[1]->type;
  const int scale = std::max(a.scale, b.scale);
  return Type::numeric(std::max(before_point(a), before_point(b)) + scale + 1, scale);
}

// Every digit is kept while there is room; then the scale shrinks, not below that of the operands.
Result<Type> product_type(std::span<const ExprPtr> args) {
  const Type &a = args[0]->type, &b = args[1]->type;
  const int before = before_point(a) + before_point(b), full = a.scale + b.scale;
  const int least = std::min(full, static_cast<int>(std::max(a.scale, b.scale)));
  const int scale = std::clamp(kNumericDigits - before, least, std::max(least, std::min(full, kNumericDigits)));
  return Type::numeric(before + scale, scale);
}

Result<Type> quotient_type(std::span<const ExprPtr> args) {
  const Type &a = args[0]->type, &b = args[1]->type;
  const int before = before_point(a) + b.scale;
  const int scale = std::max<int>({a.scale, b.scale, std::min(kQuotientScale, kNumericDigits - before)});
  return Type::numeric(before + scale, scale);
}

Result<Type> remainder_type(std::span<const ExprPtr> args) {
  const Type &a = args[0]->type, &b = args[1]->type;
  const int scale = std::max(a.scale, b.scale);
  return Type::numeric(std::max(before_point(a), before_point(b)) + scale, scale);
}

Result<Type> same_type(std::span<const ExprPtr> args) { return args[0]->type; }

ErrorCode give(const std::optional<Int128>& value, int precision, Int128& out) {
  const bool good = value && fits(*value, precision);
  out = good ? *value : 0;
  return good ? ErrorCode::kNone : kRange;
}

/// The scales of a call's operands and the digits of its result. Immutable.
struct Scales {
  Scales(const Call& call, std::span<const Column> args)
      : left(args[0].type.scale), right(args.back().type.scale), scale(call.node.type.scale), precision(call.node.type.precision) {}
  int left, right, scale, precision;
};

template <int sign>
struct AddDecimal : Scales {
  using Scales::Scales;
  ErrorCode operator()(Int128 a, Int128 b, Int128& out) const {
    const auto x = rescale(a, left, scale), y = rescale(b, right, scale);
    Int128 sum = 0;
    const bool good = x && y && !__builtin_add_overflow(*x, sign * *y, &sum);
    return give(good ? std::optional(sum) : std::nullopt, precision, out);
  }
};

struct MultiplyDecimal : Scales {
  using Scales::Scales;
  ErrorCode operator()(Int128 a, Int128 b, Int128& out) const { return give(multiply(a, b, left + right, scale), precision, out); }
};

struct DivideDecimal : Scales {
  using Scales::Scales;
  ErrorCode operator()(Int128 a, Int128 b, Int128& out) const {
    out = 0;
    if (b == 0) return ErrorCode::kDivisionByZero;
    return give(divide(a, left, b, right, scale), precision, out);
  }
};

struct RemainderDecimal : Scales {
  using Scales::Scales;
  ErrorCode operator()(Int128 a, Int128 b, Int128& out) const {
    out = 0;
    if (b == 0) return ErrorCode::kDivisionByZero;
    return give(remainder(a, left, b, right), precision, out);
  }
};

struct NegateDecimal {
  ErrorCode operator()(Int128 a, Int128& out) const {
    out = -a;
    return ErrorCode::kNone;
  }
};

template <typename Op>
Function binary(std::string_view name, ResultType result_type, Function::Style style = Function::Style::kInfix) {
  return {name, {TypeId::kNumeric, TypeId::kNumeric}, TypeId::kNumeric, &strict<Op, Int128, Int128, Int128>, true, result_type, style};
}

}  // namespace

std::vector<Function> decimal_functions() {
  return {
      binary<AddDecimal<1>>("+", sum_type),
      binary<AddDecimal<-1>>("-", sum_type),
      binary<MultiplyDecimal>("*", product_type),
      binary<DivideDecimal>("/", quotient_type),
      binary<RemainderDecimal>("%", remainder_type),
      binary<RemainderDecimal>("mod", remainder_type, Function::Style::kCall),
      {"-", {TypeId::kNumeric}, TypeId::kNumeric, &strict<NegateDecimal, Int128, Int128>, false, same_type, Function::Style::kPrefix},
  };
}

}  // namespace laketide::expr
