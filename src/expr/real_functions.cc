// Roots, powers, logarithms and angles: functions of double precision.
#include <cmath>
#include <numbers>

#include "expr/function.h"
#include "expr/strict_kernel.h"

namespace laketide::expr {
namespace {

// PostgreSQL (float.c): an infinite result of finite arguments has overflowed, and a zero where it cannot be has underflowed.
ErrorCode checked(double result, bool finite, bool zero_expected) {
  if (finite && std::isinf(result)) return kRange;
  return finite && !zero_expected && result == 0 ? kRange : kGood;
}

struct SquareRoot {
  ErrorCode operator()(double value, double& out) const {
    out = value < 0 ? 0 : std::sqrt(value);
    return value < 0 ? ErrorCode::kInvalidPower : kGood;
  }
};

struct CubeRoot {
  ErrorCode operator()(double value, double& out) const {
    out = std::cbrt(value);
    return kGood;
  }
};

struct Exponential {
  ErrorCode operator()(double value, double& out) const {
    out = std::exp(value);
    return checked(out, std::isfinite(value), false);
  }
};

template <double (*function)(double)>
struct Logarithm {
  ErrorCode operator()(double value, double& out) const {
    out = value > 0 || std::isnan(value) ? function(value) : 0;
    return value <= 0 ? ErrorCode::kInvalidLogarithm : kGood;
  }
};

struct Power {
  ErrorCode operator()(double base, double exponent, double& out) const {
    out = 0;
    if (base == 0 && exponent < 0) return ErrorCode::kInvalidPower;
    if (base < 0 && std::isfinite(base) && std::isfinite(exponent) && exponent != std::floor(exponent)) return ErrorCode::kInvalidPower;
    if (std::isinf(base) && base < 0 && std::isfinite(exponent) && exponent != std::floor(exponent)) return ErrorCode::kInvalidPower;
    out = std::pow(base, exponent);
    return checked(out, std::isfinite(base) && std::isfinite(exponent), base == 0);
  }
};

template <double (*function)(double)>
struct OfAngle {
  ErrorCode operator()(double value, double& out) const {
    out = std::isinf(value) ? 0 : function(value);
    return std::isinf(value) ? kRange : kGood;
  }
};

// Arcs of sine and cosine, which lie from -1 to 1.
template <double (*function)(double)>
struct OfRatio {
  ErrorCode operator()(double value, double& out) const {
    const bool outside = value < -1 || value > 1;
    out = outside ? 0 : function(value);
    return outside ? kRange : kGood;
  }
};

template <double (*function)(double)>
struct Plain {
  ErrorCode operator()(double value, double& out) const {
    out = function(value);
    return kGood;
  }
};

struct ArcOfTwo {
  ErrorCode operator()(double y, double x, double& out) const {
    out = std::atan2(y, x);
    return kGood;
  }
};

struct Degrees {
  ErrorCode operator()(double radians, double& out) const {
    out = radians / (std::numbers::pi / 180);
    return checked(out, std::isfinite(radians), radians == 0);
  }
};
struct Radians {
  ErrorCode operator()(double degrees, double& out) const {
    out = degrees * (std::numbers::pi / 180);
    return checked(out, std::isfinite(degrees), degrees == 0);
  }
};

template <typename Op>
Function real(std::string_view name, bool can_fail = true) {
  return {name, {TypeId::kDouble}, TypeId::kDouble, &strict<Op, double, double>, can_fail};
}

Function power(std::string_view name, Function::Style style = Function::Style::kCall) {
  return {name, {TypeId::kDouble, TypeId::kDouble}, TypeId::kDouble, &strict<Power, double, double, double>, true, nullptr, style};
}

// Without arguments: the result is one value for all rows.
arrow::Status pi(const Call& call, std::span<const Column>, Column& out) {
  constexpr double kPi = std::numbers::pi;
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(sizeof(kPi), call.memory));
  std::memcpy(buffer->mutable_data(), &kPi, sizeof(kPi));
  out.type = TypeId::kDouble;
  out.constant = true;
  out.data = arrow::ArrayData::Make(out.type.arrow(), 1, {nullptr, std::shared_ptr<arrow::Buffer>(std::move(buffer))}, 0);
  return arrow::Status::OK();
}

}  // namespace

std::vector<Function> real_functions() {
  return {
      real<SquareRoot>("sqrt"),
      real<CubeRoot>("cbrt", false),
      real<Exponential>("exp"),
      real<Logarithm<std::log>>("ln"),
      real<Logarithm<std::log10>>("log"),
      real<Logarithm<std::log10>>("log10"),
      power("power"),
      power("pow"),
      power("^", Function::Style::kInfix),
      real<OfAngle<std::sin>>("sin"),
      real<OfAngle<std::cos>>("cos"),
      real<OfAngle<std::tan>>("tan"),
      real<OfRatio<std::asin>>("asin"),
      real<OfRatio<std::acos>>("acos"),
      real<Plain<std::atan>>("atan", false),
      {"atan2", {TypeId::kDouble, TypeId::kDouble}, TypeId::kDouble, &strict<ArcOfTwo, double, double, double>},
      real<Degrees>("degrees"),
      real<Radians>("radians"),
      {"pi", {}, TypeId::kDouble, &pi},
  };
}

}  // namespace laketide::expr
