#include "sql/syntax.h"

#include <algorithm>

namespace laketide::sql {

bool same(const Syntax& left, const Syntax& right) {
  if (left.kind != right.kind || left.text != right.text || left.distinct != right.distinct || left.star != right.star) return false;
  if (left.parts.empty() != right.parts.empty() || (!left.parts.empty() && left.parts.back() != right.parts.back())) return false;
  if (left.over || right.over) return &left == &right;
  if (left.type.name != right.type.name || left.type.modifiers != right.type.modifiers || left.try_cast != right.try_cast) return false;
  if ((left.filter == nullptr) != (right.filter == nullptr) || (left.filter && !same(*left.filter, *right.filter))) return false;
  return std::equal(left.args.begin(), left.args.end(), right.args.begin(), right.args.end(), same);
}

}  // namespace laketide::sql
