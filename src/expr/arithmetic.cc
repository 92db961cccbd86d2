// + - * / % and unary minus of integers and floats, and + - of dates.
#include <cmath>
#include <limits>

#include "expr/function.h"
#include "expr/strict_kernel.h"

namespace laketide::expr {
namespace {


// PostgreSQL: a float's result that is infinite where no operand was has overflowed, one that is zero where it cannot be has
// underflowed (float.h).
template <typename Out>
ErrorCode check_float(Out result, bool infinite_operand, bool zero_expected) {
  if (std::isinf(result) && !infinite_operand) return kRange;
  if (result == 0 && !zero_expected) return kRange;
  return ErrorCode::kNone;
}

struct Add {
  template <typename A, typename B, typename Out>
  ErrorCode operator()(A a, B b, Out& out) const {
    if constexpr (std::is_integral_v<Out>) {
      return __builtin_add_overflow(a, b, &out) ? kRange : ErrorCode::kNone;
    } else {
      out = static_cast<Out>(a) + static_cast<Out>(b);
      return check_float(out, std::isinf(a) || std::isinf(b), true);
    }
  }
};

struct Subtract {
  template <typename A, typename B, typename Out>
  ErrorCode operator()(A a, B b, Out& out) const {
    if constexpr (std::is_integral_v<Out>) {
      return __builtin_sub_overflow(a, b, &out) ? kRange : ErrorCode::kNone;
    } else {
      out = static_cast<Out>(a) - static_cast<Out>(b);
      return check_float(out, std::isinf(a) || std::isinf(b), true);
    }
  }
};

struct Multiply {
  template <typename A, typename B, typename Out>
  ErrorCode operator()(A a, B b, Out& out) const {
    if constexpr (std::is_integral_v<Out>) {
      return __builtin_mul_overflow(a, b, &out) ? kRange : ErrorCode::kNone;
    } else {
      out = static_cast<Out>(a) * static_cast<Out>(b);
      return check_float(out, std::isinf(a) || std::isinf(b), a == 0 || b == 0);
    }
  }
};

struct Divide {
  template <typename A, typename B, typename Out>
  ErrorCode operator()(A a, B b, Out& out) const {
    out = 0;
    if constexpr (std::is_integral_v<Out>) {
      if (b == 0) return ErrorCode::kDivisionByZero;
      if (b == -1) return __builtin_sub_overflow(Out{0}, a, &out) ? kRange : ErrorCode::kNone;
      out = static_cast<Out>(a / b);
      return ErrorCode::kNone;
    } else {
      if (b == 0 && !std::isnan(a)) return ErrorCode::kDivisionByZero;
      out = static_cast<Out>(a) / static_cast<Out>(b);
      return check_float(out, std::isinf(a), a == 0 || std::isinf(b));
    }
  }
};

struct Modulo {
  template <typename T>
  ErrorCode operator()(T a, T b, T& out) const {
    out = 0;
    if (b == 0) return ErrorCode::kDivisionByZero;
    if (b != -1) out = static_cast<T>(a % b);  // the least value % -1 traps on x86
    return ErrorCode::kNone;
  }
};

struct Negate {
  template <typename T>
  ErrorCode operator()(T a, T& out) const {
    if constexpr (std::is_integral_v<T>) {
      return __builtin_sub_overflow(T{0}, a, &out) ? kRange : ErrorCode::kNone;
    } else {
      out = -a;
      return ErrorCode::kNone;
    }
  }
};

// PostgreSQL's dates end at 5874897-12-31 and begin at 4714-11-24 BC; days since 1970.
constexpr int64_t kDateMin = -2440588, kDateMax = 2145031948;

template <int sign>
struct ShiftDate {
  ErrorCode operator()(int32_t date, int32_t days, int32_t& out) const {
    const int64_t shifted = static_cast<int64_t>(date) + sign * static_cast<int64_t>(days);
    const bool fits = shifted >= kDateMin && shifted <= kDateMax;
    out = fits ? static_cast<int32_t>(shifted) : 0;
    return fits ? ErrorCode::kNone : ErrorCode::kDatetimeFieldOverflow;
  }
};

struct ShiftDateSwapped {
  ErrorCode operator()(int32_t days, int32_t date, int32_t& out) const { return ShiftDate<1>()(date, days, out); }
};

template <typename Op, typename T>
Function binary(std::string_view name, TypeId type) {
  return {name, {type, type}, type, &strict<Op, T, T, T>, true, nullptr, Function::Style::kInfix};
}

template <typename Op>
void add_numbers(std::vector<Function>& to, std::string_view name) {
  to.push_back(binary<Op, int16_t>(name, TypeId::kSmallint));
  to.push_back(binary<Op, int32_t>(name, TypeId::kInt));
  to.push_back(binary<Op, int64_t>(name, TypeId::kBigint));
  if constexpr (!std::is_same_v<Op, Modulo>) {
    to.push_back(binary<Op, float>(name, TypeId::kReal));
    to.push_back(binary<Op, double>(name, TypeId::kDouble));
    to.push_back({name, {TypeId::kReal, TypeId::kDouble}, TypeId::kDouble, &strict<Op, double, float, double>, true, nullptr,
                  Function::Style::kInfix});
    to.push_back({name, {TypeId::kDouble, TypeId::kReal}, TypeId::kDouble, &strict<Op, double, double, float>, true, nullptr,
                  Function::Style::kInfix});
  }
}

template <typename T>
Function negation(TypeId type) {
  return {"-", {type}, type, &strict<Negate, T, T>, std::is_integral_v<T>, nullptr, Function::Style::kPrefix};
}

template <typename Op>
Function on_dates(std::string_view name, TypeId left, TypeId right, TypeId result) {
  return {name, {left, right}, result, &strict<Op, int32_t, int32_t, int32_t>, true, nullptr, Function::Style::kInfix};
}

}  // namespace

std::vector<Function> arithmetic_functions() {
  std::vector<Function> all;
  add_numbers<Add>(all, "+");
  add_numbers<Subtract>(all, "-");
  add_numbers<Multiply>(all, "*");
  add_numbers<Divide>(all, "/");
  add_numbers<Modulo>(all, "%");
  add_numbers<Modulo>(all, "mod");
  all.push_back(negation<int16_t>(TypeId::kSmallint));
  all.push_back(negation<int32_t>(TypeId::kInt));
  all.push_back(negation<int64_t>(TypeId::kBigint));
  all.push_back(negation<float>(TypeId::kReal));
  all.push_back(negation<double>(TypeId::kDouble));
  all.push_back(on_dates<ShiftDate<1>>("+", TypeId::kDate, TypeId::kInt, TypeId::kDate));
  all.push_back(on_dates<ShiftDateSwapped>("+", TypeId::kInt, TypeId::kDate, TypeId::kDate));
  all.push_back(on_dates<ShiftDate<-1>>("-", TypeId::kDate, TypeId::kInt, TypeId::kDate));
  all.push_back(on_dates<Subtract>("-", TypeId::kDate, TypeId::kDate, TypeId::kInt));
  for (Function& function : all) {
    if (function.name == "mod") function.style = Function::Style::kCall;
  }
  return all;
}

}  // namespace laketide::expr
