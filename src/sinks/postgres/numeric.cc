#include "sinks/postgres/numeric.h"

#include <cstdint>
#include <vector>

#include "sinks/postgres/cell_encoder.h"

namespace laketide::postgres {
namespace {

constexpr size_t kGroupDigits = 4;
constexpr uint16_t kNegative = 0x4000;

void append_int16(std::string& out, int16_t value) {
  char bytes[2];
  put_big_endian<int16_t>(bytes, value);
  out.append(bytes, sizeof bytes);
}

}  // namespace

void append_numeric(std::string_view digits, int scale, std::string& out) {
  const bool negative = !digits.empty() && digits.front() == '-';
  if (negative) digits.remove_prefix(1);
  while (!digits.empty() && digits.front() == '0') digits.remove_prefix(1);

  std::string aligned(digits);
  if (scale < 0) aligned.append(static_cast<size_t>(-scale), '0');
  const size_t fraction = scale > 0 ? static_cast<size_t>(scale) : 0;
  if (aligned.size() < fraction) aligned.insert(0, fraction - aligned.size(), '0');
  const size_t whole = aligned.size() - fraction;
  const size_t left = (kGroupDigits - whole % kGroupDigits) % kGroupDigits;
  const size_t right = (kGroupDigits - fraction % kGroupDigits) % kGroupDigits;
  aligned.insert(0, left, '0');
  aligned.append(right, '0');

  std::vector<int16_t> groups;
  for (size_t at = 0; at < aligned.size(); at += kGroupDigits) {
    int group = 0;
    for (size_t digit = 0; digit < kGroupDigits; ++digit) group = group * 10 + (aligned[at + digit] - '0');
    groups.push_back(static_cast<int16_t>(group));
  }
  int weight = static_cast<int>((whole + left) / kGroupDigits) - 1;
  size_t first = 0;
  while (first < groups.size() && groups[first] == 0) {
    ++first;
    --weight;
  }
  while (groups.size() > first && groups.back() == 0) groups.pop_back();
  const bool zero = first >= groups.size();

  append_int16(out, static_cast<int16_t>(zero ? 0 : groups.size() - first));
  append_int16(out, static_cast<int16_t>(zero ? 0 : weight));
  append_int16(out, static_cast<int16_t>(negative && !zero ? kNegative : 0));
  append_int16(out, static_cast<int16_t>(fraction));
  for (size_t at = first; at < groups.size(); ++at) append_int16(out, groups[at]);
}

}  // namespace laketide::postgres
