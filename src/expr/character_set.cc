#include "expr/character_set.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "base/mutex.h"
#include "expr/utf8.h"

namespace laketide::expr {
namespace {

constexpr std::array<std::string_view, 12> kClasses{"alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "xdigit"};

CharacterSet points_of(const std::string& name) {
  CharacterSet made;
  const auto is_of = class_test(name);
  for (uint32_t point = 1; point <= CharacterSet::kLast; ++point) {
    if (is_of(point)) made.add(point, point);
  }
  return made;
}

/// The classes that were asked for; each takes a walk over all of Unicode, some milliseconds. Thread-safe.
class Classes {
 public:
  const CharacterSet& find(const std::string& name) {
    const MutexLock lock(mutex_);
    const auto [known, added] = made_.try_emplace(name);
    if (added) known->second = points_of(name);
    return known->second;
  }

 private:
  Mutex mutex_;
  std::map<std::string, CharacterSet> made_ LT_GUARDED_BY(mutex_);  // none is changed or goes
};

}  // namespace

const CharacterSet& CharacterSet::named(std::string_view name) {
  static const CharacterSet none;
  static Classes classes;
  return std::ranges::find(kClasses, name) == kClasses.end() ? none : classes.find(std::string(name));
}

void CharacterSet::add(uint32_t first, uint32_t last) {
  if (ranges_.empty() || first > ranges_.back().second + 1) {
    ranges_.emplace_back(first, last);
    return;
  }
  if (first >= ranges_.back().first) {
    ranges_.back().second = std::max(ranges_.back().second, last);
    return;
  }
  const auto begin = std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& one) { return one.second + 1 >= first; });
  auto end = begin;
  for (; end != ranges_.end() && end->first <= last + 1; ++end) {
    first = std::min(first, end->first);
    last = std::max(last, end->second);
  }
  ranges_.insert(ranges_.erase(begin, end), {first, last});
}

void CharacterSet::add(const CharacterSet& other) {
  for (const auto& [first, last] : other.ranges_) add(first, last);
}

void CharacterSet::remove(uint32_t point) {
  const auto found = std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& one) { return one.first <= point && point <= one.second; });
  if (found == ranges_.end()) return;
  const Range whole = *found;
  auto at = ranges_.erase(found);
  if (whole.second > point) at = ranges_.insert(at, {point + 1, whole.second});
  if (whole.first < point) ranges_.insert(at, {whole.first, point - 1});
}

void CharacterSet::negate() {
  std::vector<Range> others;
  uint32_t next = 0;
  for (const auto& [first, last] : ranges_) {
    if (first > next) others.emplace_back(next, first - 1);
    next = last + 1;
  }
  if (next <= kLast) others.emplace_back(next, kLast);
  ranges_ = std::move(others);
}

void CharacterSet::ignore_case() {
  const std::vector<Range> given = ranges_;
  for (const auto& [first, last] : given) {
    for (uint32_t point = first; point <= last; ++point) {
      for (const uint32_t other : {lower_of(point), upper_of(point)}) {
        if (other < first || other > last) add(other, other);
      }
    }
  }
}

bool CharacterSet::meets(const CharacterSet& other) const {
  auto left = ranges_.begin(), right = other.ranges_.begin();
  while (left != ranges_.end() && right != other.ranges_.end()) {
    if (left->second < right->first) {
      ++left;
    } else if (right->second < left->first) {
      ++right;
    } else {
      return true;
    }
  }
  return false;
}

}  // namespace laketide::expr
