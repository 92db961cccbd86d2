// Conversions between numerics and other numbers.
#include <limits>

#include "expr/cast.h"
#include "expr/decimal.h"
#include "expr/strict_kernel.h"

namespace laketide::expr {
namespace {


/// Digits of the call's argument and result. Immutable.
struct CastDigits {
  CastDigits(const Call& call, std::span<const Column> args)
      : from_scale(args[0].type.scale), scale(call.node.type.scale), precision(call.node.type.precision) {}

  ErrorCode give(const std::optional<Int128>& value, Int128& out) const {
    const bool good = value && fits(*value, precision);
    out = good ? *value : 0;
    return good ? ErrorCode::kNone : kRange;
  }
  int from_scale, scale, precision;
};

struct FromInteger : CastDigits {
  using CastDigits::CastDigits;
  template <typename T>
  ErrorCode operator()(T from, Int128& out) const { return give(rescale(from, 0, scale), out); }
};

struct Rescale : CastDigits {
  using CastDigits::CastDigits;
  ErrorCode operator()(Int128 from, Int128& out) const { return give(rescale(from, from_scale, scale), out); }
};

struct FromFloat : CastDigits {
  using CastDigits::CastDigits;
  ErrorCode operator()(double from, Int128& out) const {
    return give(from_double(from, std::numeric_limits<double>::digits10, precision, scale), out);
  }
  ErrorCode operator()(float from, Int128& out) const {
    return give(from_double(from, std::numeric_limits<float>::digits10, precision, scale), out);
  }
};

struct ToInteger : CastDigits {
  using CastDigits::CastDigits;
  template <typename T>
  ErrorCode operator()(Int128 from, T& out) const {
    const auto whole = rescale(from, from_scale, 0);
    const bool good = whole && *whole >= std::numeric_limits<T>::min() && *whole <= std::numeric_limits<T>::max();
    out = good ? static_cast<T>(*whole) : T{0};
    return good ? ErrorCode::kNone : kRange;
  }
};

struct ToFloat : CastDigits {
  using CastDigits::CastDigits;
  ErrorCode operator()(Int128 from, double& out) const {
    out = to_double(from, from_scale);
    return ErrorCode::kNone;
  }
  ErrorCode operator()(Int128 from, float& out) const {
    out = to_float(from, from_scale);
    return ErrorCode::kNone;
  }
};

template <typename Op, typename From, typename To>
Function between(TypeId from, TypeId to, bool can_fail) {
  return {"CAST", {from}, to, &strict<Op, To, From>, can_fail, nullptr, Function::Style::kCast};
}

}  // namespace

std::vector<Function> decimal_casts() {
  using enum TypeId;
  return {
      between<FromInteger, int16_t, Int128>(kSmallint, kNumeric, true),
      between<FromInteger, int32_t, Int128>(kInt, kNumeric, true),
      between<FromInteger, int64_t, Int128>(kBigint, kNumeric, true),
      between<FromFloat, float, Int128>(kReal, kNumeric, true),
      between<FromFloat, double, Int128>(kDouble, kNumeric, true),
      between<Rescale, Int128, Int128>(kNumeric, kNumeric, true),
      between<ToInteger, Int128, int16_t>(kNumeric, kSmallint, true),
      between<ToInteger, Int128, int32_t>(kNumeric, kInt, true),
      between<ToInteger, Int128, int64_t>(kNumeric, kBigint, true),
      between<ToFloat, Int128, float>(kNumeric, kReal, false),
      between<ToFloat, Int128, double>(kNumeric, kDouble, false),
  };
}

}  // namespace laketide::expr
