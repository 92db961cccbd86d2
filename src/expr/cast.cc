#include "expr/cast.h"

#include <deque>
#include <map>
#include <utility>

#include "expr/decimal.h"
#include "expr/evaluate.h"

namespace laketide::expr {
namespace {

/// Every conversion by its two types. Immutable once made.
struct Casts {
  std::deque<Function> all;
  std::map<std::pair<TypeId, TypeId>, const Function*> by_types;

  Casts() {
    for (const auto family : {number_casts, decimal_casts, text_casts, time_casts, json_casts, array_casts, interval_casts}) {
      for (Function& function : family()) all.push_back(std::move(function));
    }
    for (const Function& function : all) by_types.emplace(std::pair(function.args[0], function.result), &function);
  }
};

const Casts& casts() {
  static const Casts made;
  return made;
}

// Numerics without digits in the query get those that their source needs. Fails where no bound is known.
Result<Type> with_digits(const Expression& node, const Type& type) {
  if (type.id != TypeId::kNumeric || type.precision > 0) return type;
  switch (node.type.id) {
    case TypeId::kNumeric: return node.type;
    case TypeId::kSmallint: return Type::numeric(5, 0);
    case TypeId::kInt: return Type::numeric(10, 0);
    case TypeId::kBigint: return Type::numeric(19, 0);
    default: break;
  }
  if (node.kind == Expression::Kind::kConstant && is_bytes(node.type.id) && !is_null_constant(node)) {
    if (const auto digits = digits_of_literal(constant_text(node))) return Type::numeric(digits->precision, digits->scale);
  }
  if (is_null_constant(node)) return Type::numeric(kNumericDigits, 0);
  return Status::user("sql_type", "numeric needs its digits here, because " + node.type.name() + " sets no limit: write numeric(38,9), or what fits");
}

std::string why_not(const Type& from, const Type& to) {
  std::string text = "cannot cast " + from.name() + " to " + to.name();
  if (from.id == TypeId::kBytea && to.id == TypeId::kText) return text + ": write convert_from(…, 'UTF8'), or encode(…, 'hex')";
  if (from.id == TypeId::kBytea) return text + ": write convert_from(…, 'UTF8') and cast the text";
  if (from.id == TypeId::kText && to.id == TypeId::kBytea) return text + ": write convert_to(…, 'UTF8'), or decode(…, 'hex')";
  if (to.id == TypeId::kBoolean && is_number(from.id)) return text + ": write a comparison, such as … <> 0";
  if (from.id == TypeId::kBoolean && is_number(to.id)) return text + ": write CASE WHEN … THEN 1 ELSE 0 END";
  if ((from.id == TypeId::kTimestamptz || from.id == TypeId::kTimestamp) && is_number(to.id)) {
    return text + ": an instant has no number of its own";
  }
  if (to.id == TypeId::kText) return text;
  return text + ": cast to text in between, if its text is what you mean";
}

// Whether elements of one array become those of another.
bool elements_convert(const Type& from, const Type& to, CastContext context) {
  if (from == to) return true;
  if (from.id == TypeId::kArray || to.id == TypeId::kArray) return false;
  return find_cast(from.id, to.id) != nullptr && (context == CastContext::kExplicit || is_implicit(from.id, to.id));
}

Result<ExprPtr> array_as(const ExprPtr& node, const Type& to, CastContext context) {
  if (!to.element) {
    if (node->type.id == TypeId::kArray) return node;
    if (is_null_constant(*node)) return null_constant(Type::array(TypeId::kText), node->place);
    return Status::user("sql_type", "an array is needed here: write its type, as in '{a,b}'::text[]");
  }
  if (is_null_constant(*node)) return null_constant(to, node->place);
  const Type& from = node->type;
  const bool good = from.id == TypeId::kArray
                        ? elements_convert(*from.element, *to.element, context)
                        : is_bytes(from.id) && from.id != TypeId::kBytea && elements_convert(TypeId::kText, *to.element, CastContext::kExplicit) &&
                              (context == CastContext::kExplicit || from.id == TypeId::kUnknown);
  if (!good) return Status::user("sql_type", "cannot cast " + from.name() + " to " + to.name() + ": cast its elements");
  const ExprPtr source = from.id == TypeId::kUnknown ? text_constant(constant_text(*node), TypeId::kText, node->place) : node;
  const ExprPtr converted = call(*find_cast(source->type.id, TypeId::kArray), to, {source}, node->place);
  return source->kind == Expression::Kind::kConstant ? fold(converted) : converted;
}

Result<ExprPtr> literal(const ExprPtr& node, const Type& type) {
  if (is_null_constant(*node)) return null_constant(type, node->place);
  if (type.id == TypeId::kText) return text_constant(constant_text(*node), TypeId::kText, node->place);
  const ExprPtr text = text_constant(constant_text(*node), TypeId::kText, node->place);
  const Function* conversion = find_cast(TypeId::kText, type.id);
  if (conversion == nullptr) return Status::user("sql_type", why_not(TypeId::kText, type));
  return fold(call(*conversion, type, {text}, node->place));
}

}  // namespace

const Function* find_cast(TypeId from, TypeId to) {
  const auto found = casts().by_types.find({from, to});
  return found == casts().by_types.end() ? nullptr : found->second;
}

bool is_implicit(TypeId from, TypeId to) {
  if (from == to || from == TypeId::kUnknown) return true;
  using enum TypeId;
  switch (from) {
    case kSmallint: return to == kInt || to == kBigint || to == kNumeric || to == kReal || to == kDouble;
    case kInt: return to == kBigint || to == kNumeric || to == kReal || to == kDouble;
    case kBigint: return to == kNumeric || to == kReal || to == kDouble;
    case kNumeric: return to == kReal || to == kDouble;
    case kReal: return to == kDouble;
    case kDate: return to == kTimestamp || to == kTimestamptz;
    case kTime: return to == kInterval;
    case kTimestamp: return to == kTimestamptz;
    default: return false;
  }
}

bool is_preferred(TypeId id) {
  return id == TypeId::kBoolean || id == TypeId::kDouble || id == TypeId::kText || id == TypeId::kTimestamptz || id == TypeId::kInterval;
}

Category category_of(TypeId id) {
  switch (id) {
    case TypeId::kUnknown: return Category::kUnknown;
    case TypeId::kBoolean: return Category::kBoolean;
    case TypeId::kText: return Category::kText;
    case TypeId::kDate:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz: return Category::kTime;
    case TypeId::kInterval: return Category::kSpan;
    default: return is_number(id) ? Category::kNumber : Category::kOther;
  }
}

Result<ExprPtr> cast(const ExprPtr& node, const Type& wanted, CastContext context) {
  LT_ASSIGN_OR_RETURN(const Type type, with_digits(*node, wanted));
  if (node->type == type) return node;
  if (type.id == TypeId::kArray) return array_as(node, type, context);
  if (node->type.id == TypeId::kUnknown) return literal(node, type);
  if (is_null_constant(*node)) return null_constant(type, node->place);
  const Function* conversion = find_cast(node->type.id, type.id);
  if (conversion == nullptr) return Status::user("sql_type", why_not(node->type, type));
  if (context == CastContext::kImplicit && !is_implicit(node->type.id, type.id)) {
    return Status::user("sql_type", type.name() + " is needed here, and this is " + node->type.name() + ": write CAST(… AS " + type.name() + ")");
  }
  const ExprPtr converted = call(*conversion, type, {node}, node->place);
  return node->kind == Expression::Kind::kConstant ? fold(converted) : converted;
}

}  // namespace laketide::expr
