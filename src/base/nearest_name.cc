#include "base/nearest_name.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace laketide {
namespace {

constexpr size_t kNameLengthMax = 64;

std::string folded(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c != '-' && c != '_' && c != '.') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

size_t edits(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string_view>& candidates) {
  if (name.size() > kNameLengthMax) return {};
  const std::string wanted = folded(name);
  std::string best;
  auto least = std::pair(std::max<size_t>(wanted.size() / 3, 1) + 1, size_t{0});
  for (const std::string_view candidate : candidates) {
    const std::string other = folded(candidate);
    const bool begins = std::min(wanted.size(), other.size()) >= 3 && (wanted.starts_with(other) || other.starts_with(wanted));
    const size_t all = edits(wanted, other);
    const auto distance = std::pair(begins ? 1 : all, all);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

}  // namespace laketide
