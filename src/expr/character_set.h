// Sets of characters, for patterns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace laketide::expr {

/// Code points as sorted ranges that do not touch, both ends included. A value; what it holds does not depend on the order of adding.
/// Confined to its task.
class CharacterSet {
 public:
  using Range = std::pair<uint32_t, uint32_t>;
  static constexpr uint32_t kLast = 0x10FFFF;

  static CharacterSet of(uint32_t point) { return CharacterSet(point, point); }
  static CharacterSet all() { return {0, kLast}; }
  /// "alpha", "digit" and the like, as C.UTF-8 has them; empty for a name that is none.
  static const CharacterSet& named(std::string_view name);

  CharacterSet() = default;
  CharacterSet(uint32_t first, uint32_t last) : ranges_{{first, last}} {}

  void add(uint32_t first, uint32_t last);
  void add(const CharacterSet& other);
  void remove(uint32_t point);
  void negate();
  /// Adds the other case of each letter.
  void ignore_case();
  bool empty() const { return ranges_.empty(); }
  bool meets(const CharacterSet& other) const;
  const std::vector<Range>& ranges() const { return ranges_; }

 private:
  std::vector<Range> ranges_;
};

}  // namespace laketide::expr
