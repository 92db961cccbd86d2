// = <> < <= > >= of every type that has an order. Text is ordered by its bytes, as under PostgreSQL's C collations.
#include <cmath>

#include "expr/decimal.h"
#include "expr/function.h"
#include "expr/strict_kernel.h"

namespace laketide::expr {
namespace {

// PostgreSQL: NaN equals itself and is larger than everything else.
template <typename A, typename B>
bool equal(A a, B b) {
  if constexpr (std::is_floating_point_v<A>) {
    return std::isnan(a) ? std::isnan(b) : a == b;
  } else {
    return a == b;
  }
}

template <typename A, typename B>
bool less(A a, B b) {
  if constexpr (std::is_floating_point_v<A>) {
    return !std::isnan(a) && (std::isnan(b) || a < b);
  } else {
    return a < b;
  }
}

struct Equal {
  template <typename A, typename B>
  static bool holds(A a, B b) { return equal(a, b); }
  static bool holds(int order) { return order == 0; }
};
struct Unequal {
  template <typename A, typename B>
  static bool holds(A a, B b) { return !equal(a, b); }
  static bool holds(int order) { return order != 0; }
};
struct Less {
  template <typename A, typename B>
  static bool holds(A a, B b) { return less(a, b); }
  static bool holds(int order) { return order < 0; }
};
struct LessEqual {
  template <typename A, typename B>
  static bool holds(A a, B b) { return !less(b, a); }
  static bool holds(int order) { return order <= 0; }
};
struct Greater {
  template <typename A, typename B>
  static bool holds(A a, B b) { return less(b, a); }
  static bool holds(int order) { return order > 0; }
};
struct GreaterEqual {
  template <typename A, typename B>
  static bool holds(A a, B b) { return !less(a, b); }
  static bool holds(int order) { return order >= 0; }
};

template <typename Test>
struct Compare {
  template <typename A, typename B>
  ErrorCode operator()(A a, B b, bool& out) const {
    out = Test::holds(a, b);
    return ErrorCode::kNone;
  }
};

template <typename Test>
struct CompareDecimal {
  CompareDecimal(const Call&, std::span<const Column> args) : left(args[0].type.scale), right(args[1].type.scale) {}
  ErrorCode operator()(Int128 a, Int128 b, bool& out) const {
    out = Test::holds(left == right ? (a < b ? -1 : a > b ? 1 : 0) : compare(a, left, b, right));
    return ErrorCode::kNone;
  }
  int left, right;
};

template <typename Op, typename A, typename B = A>
Function comparison(std::string_view name, TypeId left, TypeId right) {
  return {name, {left, right}, TypeId::kBoolean, &strict<Op, bool, A, B>, false, nullptr, Function::Style::kInfix};
}

template <typename Test>
void add_types(std::vector<Function>& to, std::string_view name) {
  using Op = Compare<Test>;
  to.push_back(comparison<Op, int16_t>(name, TypeId::kSmallint, TypeId::kSmallint));
  for (const TypeId id : {TypeId::kInt, TypeId::kDate}) to.push_back(comparison<Op, int32_t>(name, id, id));
  for (const TypeId id : {TypeId::kBigint, TypeId::kTime, TypeId::kTimestamp, TypeId::kTimestamptz}) {
    to.push_back(comparison<Op, int64_t>(name, id, id));
  }
  to.push_back(comparison<CompareDecimal<Test>, Int128>(name, TypeId::kNumeric, TypeId::kNumeric));
  to.push_back(comparison<Op, float>(name, TypeId::kReal, TypeId::kReal));
  to.push_back(comparison<Op, double>(name, TypeId::kDouble, TypeId::kDouble));
  to.push_back(comparison<Op, float, double>(name, TypeId::kReal, TypeId::kDouble));
  to.push_back(comparison<Op, double, float>(name, TypeId::kDouble, TypeId::kReal));
  to.push_back(comparison<Op, bool>(name, TypeId::kBoolean, TypeId::kBoolean));
  for (const TypeId id : {TypeId::kText, TypeId::kBytea, TypeId::kUuid}) to.push_back(comparison<Op, std::string_view>(name, id, id));
}

}  // namespace

std::vector<Function> comparison_functions() {
  std::vector<Function> all;
  add_types<Equal>(all, "=");
  add_types<Unequal>(all, "<>");
  add_types<Less>(all, "<");
  add_types<LessEqual>(all, "<=");
  add_types<Greater>(all, ">");
  add_types<GreaterEqual>(all, ">=");
  return all;
}

}  // namespace laketide::expr
