// Fields of structs: (s).field.
#pragma once

#include <string_view>

#include "expr/expression.h"

namespace laketide::expr {

/// The value of a struct's field, NULL where the struct is. Fails `kUser` sql_type for what is no struct, sql_unknown_column for a
/// field it does not have; the place is the binder's to add.
Result<ExprPtr> field_of(ExprPtr value, std::string_view name, Place place);

}  // namespace laketide::expr
