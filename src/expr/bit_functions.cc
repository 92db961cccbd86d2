// & | # ~ << >> of integers, div, and width_bucket.
#include <cmath>
#include <optional>

#include "expr/decimal.h"
#include "expr/function.h"
#include "expr/strict_kernel.h"

namespace laketide::expr {
namespace {

enum class Bits { kAnd, kOr, kXor };

template <Bits bits>
struct Bitwise {
  template <typename T>
  ErrorCode operator()(T a, T b, T& out) const {
    out = static_cast<T>(bits == Bits::kAnd ? a & b : bits == Bits::kOr ? a | b : a ^ b);
    return kGood;
  }
};

struct Complement {
  template <typename T>
  ErrorCode operator()(T value, T& out) const {
    out = static_cast<T>(~value);
    return kGood;
  }
};

// PostgreSQL leaves the count to the processor, which takes it modulo the register's bits: 32, or 64 for a bigint.
template <bool left>
struct Shift {
  template <typename T>
  ErrorCode operator()(T value, int32_t count, T& out) const {
    if constexpr (sizeof(T) == sizeof(int64_t)) {
      out = left ? static_cast<int64_t>(static_cast<uint64_t>(value) << (count & 63)) : value >> (count & 63);
    } else {
      const int32_t wide = value;
      out = static_cast<T>(left ? static_cast<int32_t>(static_cast<uint32_t>(wide) << (count & 31)) : wide >> (count & 31));
    }
    return kGood;
  }
};

/// The whole part of a quotient of numerics. Immutable.
struct WholeQuotient {
  WholeQuotient(const Call& call, std::span<const Column> args) : left(args[0].type.scale), right(args[1].type.scale), precision(call.node.type.precision) {}
  ErrorCode operator()(Int128 a, Int128 b, Int128& out) const {
    out = 0;
    if (b == 0) return ErrorCode::kDivisionByZero;
    const auto whole = left >= right ? of_integers(a, b) : of_rounded(a, b);
    if (!whole || !fits(*whole, precision)) return kRange;
    out = *whole;
    return kGood;
  }

 private:
  // A divisor with more digits than there are is larger than the dividend.
  Int128 of_integers(Int128 a, Int128 b) const {
    const auto same = rescale(b, right, left);
    return same ? a / *same : 0;
  }
  // The rounded quotient, put back where it was rounded away from zero.
  std::optional<Int128> of_rounded(Int128 a, Int128 b) const {
    const auto rounded = divide(a, left, b, right, 0), rest = remainder(a, left, b, right);
    if (!rounded || !rest) return {};
    const Int128 size = b < 0 ? -b : b, over = *rest < 0 ? -*rest : *rest;
    return over >= size - over ? *rounded - ((a < 0) == (b < 0) ? 1 : -1) : *rounded;
  }

  int left, right, precision;
};

Result<Type> whole_quotient_type(std::span<const ExprPtr> args) {
  const Type &a = args[0]->type, &b = args[1]->type;
  return Type::numeric(a.precision - a.scale + b.scale, 0);
}

// Which of `count` equal parts of [low, high) a value lies in, from 1; 0 and count + 1 lie outside (float.c, width_bucket_float8).
struct WidthBucket {
  ErrorCode operator()(double value, double low, double high, int32_t count, int32_t& out) const {
    out = 0;
    if (count <= 0 || std::isnan(value) || std::isnan(low) || std::isnan(high) || std::isinf(low) || std::isinf(high) || low == high) return ErrorCode::kInvalidArgument;
    const bool below = low < high ? value < low : value > low, above = low < high ? value >= high : value <= high;
    if (below) return kGood;
    if (above) return __builtin_add_overflow(count, 1, &out) ? kRange : kGood;
    const double part = count * (value - low) / (high - low);
    const double bounded = std::isfinite(part) ? part : count * ((value / 2 - low / 2) / (high / 2 - low / 2));
    if (bounded + 1 > static_cast<double>(INT32_MAX)) return kRange;
    out = static_cast<int32_t>(bounded + 1);
    return kGood;
  }
};

template <typename T>
void add_bits(std::vector<Function>& all, TypeId id) {
  const auto infix = Function::Style::kInfix;
  all.push_back({"&", {id, id}, id, &strict<Bitwise<Bits::kAnd>, T, T, T>, false, nullptr, infix});
  all.push_back({"|", {id, id}, id, &strict<Bitwise<Bits::kOr>, T, T, T>, false, nullptr, infix});
  all.push_back({"#", {id, id}, id, &strict<Bitwise<Bits::kXor>, T, T, T>, false, nullptr, infix});
  all.push_back({"<<", {id, TypeId::kInt}, id, &strict<Shift<true>, T, T, int32_t>, false, nullptr, infix});
  all.push_back({">>", {id, TypeId::kInt}, id, &strict<Shift<false>, T, T, int32_t>, false, nullptr, infix});
  all.push_back({"~", {id}, id, &strict<Complement, T, T>, false, nullptr, Function::Style::kPrefix});
}

}  // namespace

std::vector<Function> bit_functions() {
  using enum TypeId;
  std::vector<Function> all;
  add_bits<int16_t>(all, kSmallint);
  add_bits<int32_t>(all, kInt);
  add_bits<int64_t>(all, kBigint);
  all.push_back({"div", {kNumeric, kNumeric}, kNumeric, &strict<WholeQuotient, Int128, Int128, Int128>, true, whole_quotient_type});
  all.push_back({"width_bucket", {kDouble, kDouble, kDouble, kInt}, kInt, &strict<WidthBucket, int32_t, double, double, double, int32_t>, true});
  return all;
}

}  // namespace laketide::expr
