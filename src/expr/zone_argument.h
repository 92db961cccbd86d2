// The argument of a function that is the name of a time zone.
#pragma once

#include <span>
#include <string>

#include "expr/expression.h"
#include "expr/rows.h"
#include "expr/time_zone.h"

namespace laketide::expr {

/// The zone of the row before is the zone of most rows. Confined to its task.
class LastZone {
 public:
  ErrorCode find(Text name, const TimeZone*& zone) const {
    if (zone_ == nullptr || name_ != name) {
      const auto found = TimeZone::find(name);
      if (!found.ok()) return ErrorCode::kInvalidArgument;
      zone_ = *found;
      name_ = name;
    }
    zone = zone_;
    return kGood;
  }

 private:
  mutable const TimeZone* zone_ = nullptr;
  mutable std::string name_;
};

/// The type of the result. A zone that is written down must exist; its name is not looked at for a NULL.
inline Result<Type> zoned(std::span<const ExprPtr> args, size_t index, TypeId result) {
  const Expression& name = *args[index];
  if (name.kind == Expression::Kind::kConstant && name.type.id == TypeId::kText && !is_null_constant(name)) {
    LT_RETURN_IF_ERROR(TimeZone::find(constant_text(name)).status());
  }
  return Type(result);
}

}  // namespace laketide::expr
