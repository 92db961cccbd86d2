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

}  // namespace

std::vector<Function> number_casts() {
  using enum TypeId;
  return {
      conversion(kSmallint, kInt, &strict<Widen, int32_t, int16_t>, false),
      conversion(kSmallint, kBigint, &strict<Widen, int64_t, int16_t>, false),
      conversion(kInt, kBigint, &strict<Widen, int64_t, int32_t>, false),
      conversion(kInt, kSmallint, &strict<NarrowInteger, int16_t, int32_t>, true),
      conversion(kBigint, kSmallint, &strict<NarrowInteger, int16_t, int64_t>, true),
      conversion(kBigint, kInt, &strict<NarrowInteger, int32_t, int64_t>, true),
      conversion(kSmallint, kReal, &strict<Widen, float, int16_t>, false),
      conversion(kInt, kReal, &strict<Widen, float, int32_t>, false),
      conversion(kBigint, kReal, &strict<Widen, float, int64_t>, false),
      conversion(kSmallint, kDouble, &strict<Widen, double, int16_t>, false),
      conversion(kInt, kDouble, &strict<Widen, double, int32_t>, false),
      conversion(kBigint, kDouble, &strict<Widen, double, int64_t>, false),
      conversion(kReal, kDouble, &strict<Widen, double, float>, false),
      conversion(kDouble, kReal, &strict<NarrowFloat, float, double>, true),
      conversion(kReal, kSmallint, &strict<RoundFloat, int16_t, float>, true),
      conversion(kReal, kInt, &strict<RoundFloat, int32_t, float>, true),
      conversion(kReal, kBigint, &strict<RoundFloat, int64_t, float>, true),
      conversion(kDouble, kSmallint, &strict<RoundFloat, int16_t, double>, true),
      conversion(kDouble, kInt, &strict<RoundFloat, int32_t, double>, true),
      conversion(kDouble, kBigint, &strict<RoundFloat, int64_t, double>, true),
      conversion(kInt, kBoolean, &strict<NotZero, bool, int32_t>, false),
      conversion(kBoolean, kInt, &strict<Widen, int32_t, bool>, false),
  };
}

}  // namespace laketide::expr
