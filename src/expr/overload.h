// Which function a call means.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "expr/function.h"

namespace laketide::expr {

/// The overload that PostgreSQL's rules choose for arguments of these types (its manual, chapter 10.2 and 10.3: exact match,
/// then most exact matches, then preferred types, then guesses for untyped literals). Fails `kUser` sql_function with what
/// there is instead; the place is the binder's to add.
Result<const Function*> find_overload(std::string_view name, std::span<const Type> args);

/// A call of that overload, its arguments cast to what it takes.
Result<ExprPtr> apply(std::string_view name, std::vector<ExprPtr> args, Place place);

/// "name(int, text)", or "int + text" for an operator.
std::string signature(std::string_view name, std::span<const Type> args);

}  // namespace laketide::expr
