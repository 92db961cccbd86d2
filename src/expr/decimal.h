// Numbers of up to 38 digits with a fixed scale: the unscaled integer of a numeric.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace laketide::expr {

__extension__ typedef __int128 Int128;

/// 10 to the power of 0…38.
Int128 power_of_ten(int exponent);
/// |value| < 10^precision
bool fits(Int128 value, int precision);
/// value * 10^(to - from), rounded half away from zero where digits are lost; none if it has more than 38 digits.
std::optional<Int128> rescale(Int128 value, int from, int to);
/// Three-way comparison of two numerics of any scales.
int compare(Int128 left, int left_scale, Int128 right, int right_scale);
/// left * right at scale left_scale + right_scale, brought to `scale`.
std::optional<Int128> multiply(Int128 left, Int128 right, int scale_of_product, int scale);
/// left / right (not 0), rounded half away from zero at `scale`.
std::optional<Int128> divide(Int128 left, int left_scale, Int128 right, int right_scale, int scale);
/// The remainder with the sign of `left`, at the larger scale; right is not 0.
std::optional<Int128> remainder(Int128 left, int left_scale, Int128 right, int right_scale);

/// "-12.50" with exactly `scale` digits behind the point.
std::string to_text(Int128 value, int scale);
/// Reads PostgreSQL's numeric input (blanks around, sign, digits, exponent) and rounds to `scale`; none if it is no number.
/// `overflow` is set where it is one, with more than `precision` digits (also NaN and infinity, which a numeric here cannot hold).
std::optional<Int128> parse_numeric(std::string_view text, int precision, int scale, bool& overflow);
/// The digits a literal needs: 12.50 is numeric(4,2).
struct Digits {
  int precision;
  int scale;
};
std::optional<Digits> digits_of_literal(std::string_view text);

double to_double(Int128 value, int scale);
float to_float(Int128 value, int scale);
/// From a double as PostgreSQL does: through its 15 significant digits (a real's 6), see float8_numeric.
std::optional<Int128> from_double(double value, int significant, int precision, int scale);

}  // namespace laketide::expr
