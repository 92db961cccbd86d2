// Conversions among integers, floats and booleans.
#include <cmath>
#include <limits>

#include "expr/cast.h"
#include "expr/strict_kernel.h"

namespace laketide::expr {
namespace {


struct Widen {
  template <typename From, typename To>
  ErrorCode operator()(From from, To& to) const {
    to = static_cast<To>(from);
    return ErrorCode::kNone;
  }
};

struct NarrowInteger {
  template <typename From, typename To>
  ErrorCode operator()(From from, To& to) const {
    to = static_cast<To>(from);
    return to == from ? ErrorCode::kNone : kRange;
  }
};

// Halves go to the even neighbour, as PostgreSQL's rint() has it.
struct RoundFloat {
  template <typename From, typename To>
  ErrorCode operator()(From from, To& to) const {
    const From whole = std::rint(from);
    constexpr auto kLeast = static_cast<From>(std::numeric_limits<To>::min());
    const bool fits = whole >= kLeast && whole < -kLeast;  // false for NaN
    to = fits ? static_cast<To>(whole) : To{0};
    return fits ? ErrorCode::kNone : kRange;
  }
};

struct NarrowFloat {
  ErrorCode operator()(double from, float& to) const {
    to = static_cast<float>(from);
    const bool lost = (std::isinf(to) && !std::isinf(from)) || (to == 0 && from != 0);
    return lost ? kRange : ErrorCode::kNone;
  }
};

struct NotZero {
  ErrorCode operator()(int32_t from, bool& to) const {
    to = from != 0;
    return ErrorCode::kNone;
  }
};

template <typename Op, typename From, typename To>
Function between(TypeId from, TypeId to, bool can_fail) {
  return {"CAST", {from}, to, &strict<Op, To, From>, can_fail, nullptr, Function::Style::kCast};
}

}  // namespace

std::vector<Function> number_casts() {
  using enum TypeId;
  return {
      between<Widen, int16_t, int32_t>(kSmallint, kInt, false),
      between<Widen, int16_t, int64_t>(kSmallint, kBigint, false),
      between<Widen, int32_t, int64_t>(kInt, kBigint, false),
      between<NarrowInteger, int32_t, int16_t>(kInt, kSmallint, true),
      between<NarrowInteger, int64_t, int16_t>(kBigint, kSmallint, true),
      between<NarrowInteger, int64_t, int32_t>(kBigint, kInt, true),
      between<Widen, int16_t, float>(kSmallint, kReal, false),
      between<Widen, int32_t, float>(kInt, kReal, false),
      between<Widen, int64_t, float>(kBigint, kReal, false),
      between<Widen, int16_t, double>(kSmallint, kDouble, false),
      between<Widen, int32_t, double>(kInt, kDouble, false),
      between<Widen, int64_t, double>(kBigint, kDouble, false),
      between<Widen, float, double>(kReal, kDouble, false),
      between<NarrowFloat, double, float>(kDouble, kReal, true),
      between<RoundFloat, float, int16_t>(kReal, kSmallint, true),
      between<RoundFloat, float, int32_t>(kReal, kInt, true),
      between<RoundFloat, float, int64_t>(kReal, kBigint, true),
      between<RoundFloat, double, int16_t>(kDouble, kSmallint, true),
      between<RoundFloat, double, int32_t>(kDouble, kInt, true),
      between<RoundFloat, double, int64_t>(kDouble, kBigint, true),
      between<NotZero, int32_t, bool>(kInt, kBoolean, false),
      between<Widen, bool, int32_t>(kBoolean, kInt, false),
  };
}

}  // namespace laketide::expr
