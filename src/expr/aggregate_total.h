// Sums as they grow.
#pragma once

#include <cmath>
#include <cstdint>

#include "expr/decimal.h"
#include "expr/type.h"

namespace laketide::expr {

/// Of smallint and int. `add` answers whether there was room. Confined to its task.
struct ShortTotal {
  using Value = int64_t;
  int64_t sum;

  bool add(int64_t value) { return !__builtin_add_overflow(sum, value, &sum); }
  int64_t value() const { return sum; }
};

/// Of bigint and numeric: 128 bits, which hold more than the 38 digits of a result, so that what goes over on the way may come back.
/// Two halves, because the whole would be aligned to 16 bytes. Confined to its task.
struct WideTotal {
  using Value = Int128;
  uint64_t low;
  int64_t high;

  bool add(Int128 value) {
    Int128 sum;
    if (__builtin_add_overflow(this->value(), value, &sum)) return false;
    low = static_cast<uint64_t>(sum);
    high = static_cast<int64_t>(sum >> 64);
    return true;
  }
  Int128 value() const { return static_cast<Int128>(high) * (static_cast<Int128>(1) << 64) + low; }
};

/// Of real and double. A finite sum that leaves the range fails, as in PostgreSQL. Confined to its task.
struct FloatTotal {
  using Value = double;
  double sum;

  bool add(double value) {
    const double before = sum;
    sum += value;
    return !std::isinf(sum) || std::isinf(before) || std::isinf(value);
  }
  double value() const { return sum; }
};

}  // namespace laketide::expr
