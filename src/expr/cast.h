// Conversions between types, and when they happen by themselves.
#pragma once

#include <string_view>

#include "expr/function.h"

namespace laketide::expr {

/// kImplicit casts are made wherever a function wants the other type; kExplicit only where the query says CAST or `::`.
enum class CastContext : uint8_t { kImplicit, kExplicit };

/// The conversion from one type to another; null if there is none.
const Function* find_cast(TypeId from, TypeId to);
/// Whether the conversion is made without being asked for.
bool is_implicit(TypeId from, TypeId to);
/// The preferred type of its category, as PostgreSQL's pg_type has it: text, double, boolean, timestamptz.
bool is_preferred(TypeId id);
/// Types among which implicit conversions are looked for.
enum class Category : uint8_t { kUnknown, kBoolean, kNumber, kText, kTime, kSpan, kOther };
Category category_of(TypeId id);

/// `node` as `type`, by a cast if one is needed. An untyped literal is read as a value of the type at once, and what is wrong
/// with it is an error here. Fails `kUser` with a detail that lacks the place.
Result<ExprPtr> cast(const ExprPtr& node, const Type& type, CastContext context);

/// The function of one conversion.
inline Function conversion(TypeId from, TypeId to, Kernel kernel, bool can_fail) {
  return {"CAST", {from}, to, kernel, can_fail, nullptr, Function::Style::kCast};
}

// Each file of casts gives its conversions; cast.cc puts them together. `name` is "cast", `args` one type, `result` the other.
std::vector<Function> number_casts();
std::vector<Function> decimal_casts();
std::vector<Function> text_casts();
std::vector<Function> time_casts();
std::vector<Function> json_casts();
std::vector<Function> array_casts();
std::vector<Function> interval_casts();

}  // namespace laketide::expr
