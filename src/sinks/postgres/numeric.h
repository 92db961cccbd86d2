// PostgreSQL's binary numeric.
#pragma once

#include <string>
#include <string_view>

namespace laketide::postgres {

/// Appends the binary form of the decimal number `digits` × 10^-scale (`digits` with an optional leading '-'): int16 number
/// of groups, weight of the first, sign (0x4000 negative), scale shown, then groups of four decimal digits (source:
/// numeric_send in src/backend/utils/adt/numeric.c). `scale` may be negative; at most 16383.
void append_numeric(std::string_view digits, int scale, std::string& out);

}  // namespace laketide::postgres
