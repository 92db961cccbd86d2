#include "sql/syntax.h"

#include <algorithm>

namespace laketide::sql {

bool same(const Syntax& left, const Syntax& right, const std::function<bool(const Syntax&, const Syntax&)>& same_column) {
  if (left.kind != right.kind || left.text != right.text || left.distinct != right.distinct || left.star != right.star) return false;
  if (left.kind == Syntax::Kind::kColumn) return same_column(left, right);
  if (left.over || right.over) return &left == &right;
  if (left.kind == Syntax::Kind::kSubquery) return &left == &right;
  if (left.parts != right.parts) return false;
  if (left.type.name != right.type.name || left.type.modifiers != right.type.modifiers || left.try_cast != right.try_cast) return false;
  if ((left.filter == nullptr) != (right.filter == nullptr) || (left.filter && !same(*left.filter, *right.filter, same_column))) return false;
  return std::equal(left.args.begin(), left.args.end(), right.args.begin(), right.args.end(),
                    [&](const Syntax& a, const Syntax& b) { return same(a, b, same_column); });
}

}  // namespace laketide::sql
