#include "sql/expression_binder.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <utility>

#include <arrow/array/data.h>

#include "base/nearest_name.h"
#include "expr/aggregate.h"
#include "expr/cast.h"
#include "expr/decimal.h"
#include "expr/evaluate.h"
#include "expr/function.h"
#include "expr/overload.h"
#include "expr/struct_field.h"
#include "flow/pseudo_columns.h"
#include "sql/grouping.h"
#include "sql/habits.h"

namespace laketide::sql {

using expr::ExprPtr;
using expr::Type;
using expr::TypeId;

namespace {

constexpr std::string_view kTypeCode = "sql_type";

template <typename T>
bool fits(const std::string& digits) {
  T value;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() && end == digits.data() + digits.size();
}

// What is wrong with a call is wrong with its untyped literal, if that cannot be read as what the others want.
expr::Place blamed(const Status& failure, const std::vector<ExprPtr>& args, expr::Place call) {
  if (failure.code().starts_with("sql_")) return call;
  const auto literal = std::find_if(args.begin(), args.end(), [](const ExprPtr& arg) { return arg->type.id == TypeId::kUnknown; });
  return literal == args.end() ? call : (*literal)->place;
}

// The largest number that a call of random() has in an expression.
int64_t last_place_call(const expr::Expression& node) {
  int64_t last = 0;
  if (node.kind == expr::Expression::Kind::kCall && node.function->of_place) last = node.args.back()->value->GetValues<int64_t>(1)[0];
  for (const ExprPtr& arg : node.args) last = std::max(last, last_place_call(*arg));
  return last;
}

bool is_name(std::string_view name) { return std::isalpha(static_cast<unsigned char>(name.front())) || name.front() == '_'; }

}  // namespace

Result<ExprPtr> ExpressionBinder::value(const Syntax& syntax) {
  LT_ASSIGN_OR_RETURN(ExprPtr bound, bind(syntax));
  if (bound->type.id != TypeId::kUnknown) return bound;
  return expr::cast(bound, TypeId::kText, expr::CastContext::kImplicit);
}

Result<ExprPtr> ExpressionBinder::condition(const Syntax& syntax, const char* clause) {
  LT_ASSIGN_OR_RETURN(const ExprPtr bound, bind(syntax));
  auto made = expr::cast(bound, TypeId::kBoolean, expr::CastContext::kImplicit);
  if (made.ok()) return made;
  return text_.refuse(kTypeCode, syntax.at, std::string(clause) + " needs a condition that is true or false, and this is " + bound->type.name() +
                                                ": compare it, for instance with <> 0 or IS NOT NULL");
}

Result<ExprPtr> ExpressionBinder::bind(const Syntax& syntax) {
  if (substitution_ != nullptr) {
    LT_ASSIGN_OR_RETURN(ExprPtr given, substitution_->substitute(syntax));
    if (given) return given;
  }
  const expr::Place place = text_.place(syntax.at);
  switch (syntax.kind) {
    case Syntax::Kind::kColumn: return scope_.column(syntax, text_);
    case Syntax::Kind::kStar: return text_.refuse("sql_unsupported", syntax.at, "* stands alone in the select list; name the columns here");
    case Syntax::Kind::kNone:
    case Syntax::Kind::kNull: return expr::null_constant(TypeId::kUnknown, place);
    case Syntax::Kind::kBoolean: return expr::bool_constant(syntax.text == "true", place);
    case Syntax::Kind::kNumber: return number(syntax);
    case Syntax::Kind::kText: return expr::text_constant(syntax.text, TypeId::kUnknown, place);
    case Syntax::Kind::kCall: return call(syntax);
    case Syntax::Kind::kSubquery:
      return text_.refuse("sql_unsupported", syntax.at, syntax.text + " (SELECT …) stands in WHERE; elsewhere write LEFT JOIN, and test a column of the table with IS NOT NULL");
    case Syntax::Kind::kCast: break;
  }
  return cast(syntax);
}

Result<ExpressionBinder::Args> ExpressionBinder::bind_all(const std::vector<Syntax>& list) {
  Args all;
  for (const Syntax& one : list) {
    LT_ASSIGN_OR_RETURN(all.emplace_back(), bind(one));
  }
  return all;
}

// PostgreSQL: the smallest of int, bigint and numeric that holds it.
Result<ExprPtr> ExpressionBinder::number(const Syntax& syntax) {
  Type type = fits<int32_t>(syntax.text) ? TypeId::kInt : fits<int64_t>(syntax.text) ? TypeId::kBigint : TypeId::kNumeric;
  if (type.id == TypeId::kNumeric && !expr::digits_of_literal(syntax.text)) {
    return text_.refuse(kTypeCode, syntax.at, "this number has more than 38 digits: write it as double precision '" + syntax.text + "'");
  }
  auto made = expr::cast(expr::text_constant(syntax.text, TypeId::kUnknown, text_.place(syntax.at)), type, expr::CastContext::kImplicit);
  if (!made.ok()) return text_.locate(made.status(), syntax.at);
  return made;
}

Result<Type> ExpressionBinder::type(const TypeSyntax& syntax) {
  LT_ASSIGN_OR_RETURN(Type type, plain_type(syntax));
  return syntax.array ? Type::array(std::move(type)) : type;
}

Result<Type> ExpressionBinder::plain_type(const TypeSyntax& syntax) {
  const auto id = expr::type_id_of(syntax.name);
  const std::string instead = instead_of_type(syntax.name);
  if (!id || *id == TypeId::kUnknown) {
    if (!instead.empty()) return text_.refuse(kTypeCode, syntax.at, "there is no type " + syntax.name + ": write " + instead);
    return text_.refuse(kTypeCode, syntax.at,
                        "type " + syntax.name + " is not supported: there are boolean, smallint, int, bigint, real, double precision, numeric(p,s), text, "
                        "bytea, date, time, timestamp, timestamptz, interval, uuid, jsonb");
  }
  if (*id != TypeId::kNumeric) {
    if (syntax.modifiers.empty()) return Type(*id);
    if (*id == TypeId::kText) return text_.refuse(kTypeCode, syntax.at, "text has no length: write CAST(left(x, n) AS text) to cut it");
    return text_.refuse(kTypeCode, syntax.at, syntax.name + " has no modifiers here: write it without (…)");
  }
  Type numeric(TypeId::kNumeric);
  if (syntax.modifiers.empty()) return numeric;
  const int precision = syntax.modifiers[0], scale = syntax.modifiers.size() > 1 ? syntax.modifiers[1] : 0;
  if (precision < 1 || precision > expr::kNumericDigits || scale < 0 || scale > precision) {
    return text_.refuse(kTypeCode, syntax.at, "numeric(p,s) has 1 to 38 digits, 0 to p of them behind the point");
  }
  return Type::numeric(precision, scale);
}

Result<ExprPtr> ExpressionBinder::cast(const Syntax& syntax) {
  LT_ASSIGN_OR_RETURN(const Type to, type(syntax.type));
  LT_ASSIGN_OR_RETURN(const ExprPtr arg, bind(syntax.args[0]));
  auto made = expr::cast(arg, to, expr::CastContext::kExplicit);
  const bool constant = arg->kind == expr::Expression::Kind::kConstant;
  if (!made.ok()) {
    if (syntax.try_cast && constant && made.status().code() != kTypeCode) return expr::null_constant(to, text_.place(syntax.at));
    return text_.locate(made.status(), syntax.at);
  }
  if ((*made)->kind != expr::Expression::Kind::kCall || *made == arg) return made;
  auto placed = std::make_shared<expr::Expression>(**made);
  placed->place = text_.place(syntax.at);
  if (!syntax.try_cast) return ExprPtr(placed);
  const Type result = placed->type;
  return special("TRY_CAST", result, {std::move(placed)}, syntax.at);
}

Result<ExprPtr> ExpressionBinder::call(const Syntax& syntax) {
  static const std::map<std::string_view, Form> kForms{
      {"ARRAY", &ExpressionBinder::array},
      {"concat", &ExpressionBinder::concat},
      {"concat_ws", &ExpressionBinder::concat},
      {"= ANY", &ExpressionBinder::quantified},
      {"= ALL", &ExpressionBinder::quantified},
      {"<> ANY", &ExpressionBinder::quantified},
      {"<> ALL", &ExpressionBinder::quantified},
      {"< ANY", &ExpressionBinder::quantified},
      {"< ALL", &ExpressionBinder::quantified},
      {"<= ANY", &ExpressionBinder::quantified},
      {"<= ALL", &ExpressionBinder::quantified},
      {"> ANY", &ExpressionBinder::quantified},
      {"> ALL", &ExpressionBinder::quantified},
      {">= ANY", &ExpressionBinder::quantified},
      {">= ALL", &ExpressionBinder::quantified},
      {"AND", &ExpressionBinder::junction},
      {"OR", &ExpressionBinder::junction},
      {"NOT", &ExpressionBinder::negation},
      {"IS NULL", &ExpressionBinder::test},
      {"IS NOT NULL", &ExpressionBinder::test},
      {"IS TRUE", &ExpressionBinder::test},
      {"IS NOT TRUE", &ExpressionBinder::test},
      {"IS FALSE", &ExpressionBinder::test},
      {"IS NOT FALSE", &ExpressionBinder::test},
      {"IS UNKNOWN", &ExpressionBinder::test},
      {"IS NOT UNKNOWN", &ExpressionBinder::test},
      {"IS DISTINCT FROM", &ExpressionBinder::distinct},
      {"IS NOT DISTINCT FROM", &ExpressionBinder::distinct},
      {"IN", &ExpressionBinder::in_list},
      {"NOT IN", &ExpressionBinder::in_list},
      {"BETWEEN", &ExpressionBinder::between},
      {"NOT BETWEEN", &ExpressionBinder::between},
      {"BETWEEN SYMMETRIC", &ExpressionBinder::between},
      {"NOT BETWEEN SYMMETRIC", &ExpressionBinder::between},
      {"LIKE", &ExpressionBinder::like},
      {"NOT LIKE", &ExpressionBinder::like},
      {"ILIKE", &ExpressionBinder::like},
      {"NOT ILIKE", &ExpressionBinder::like},
      {"CASE", &ExpressionBinder::case_when},
      {"COALESCE", &ExpressionBinder::coalesce},
      {"GREATEST", &ExpressionBinder::extreme},
      {"LEAST", &ExpressionBinder::extreme},
      {"NULLIF", &ExpressionBinder::nullif},
      {"||", &ExpressionBinder::concatenate},
      {".", &ExpressionBinder::field},
      {"random", &ExpressionBinder::place_value},
      {"gen_random_uuid", &ExpressionBinder::place_value},
  };
  if (const auto form = kForms.find(syntax.text); form != kForms.end()) return (this->*form->second)(syntax);
  LT_RETURN_IF_ERROR(check_plain_call(syntax));
  if (is_name(syntax.text) && expr::overloads(syntax.text).empty()) return unknown_function(syntax.text, {}, syntax.at);
  LT_ASSIGN_OR_RETURN(Args args, bind_all(syntax.args));
  if ((syntax.text == "#>" || syntax.text == "#>>") && args.size() == 2 && args[1]->type.id == expr::TypeId::kUnknown) {  // '{a,b}'
    const auto path = expr::cast(args[1], expr::Type::array(expr::TypeId::kText), expr::CastContext::kExplicit);
    if (!path.ok()) return text_.locate(path.status(), args[1]->place);
    args[1] = *path;
  }
  if (syntax.text == "+" && args.size() == 1 && expr::is_number(args[0]->type.id)) return args[0];
  return apply(syntax.text, std::move(args), syntax.at);
}

Status ExpressionBinder::check_plain_call(const Syntax& syntax) const {
  if (syntax.over) {
    return text_.refuse("sql_unsupported", syntax.at, syntax.text + "() OVER (…) is a column of a select list by itself: name it with AS in a SELECT in FROM, and use the name");
  }
  if (is_window_function(syntax.text)) {
    return text_.refuse("sql_grouping", syntax.at, syntax.text + " stands in GROUP BY; its borders are the columns window_start and window_end");
  }
  if (!expr::aggregates(syntax.text).empty()) {
    return text_.refuse("sql_grouping", syntax.at, syntax.text + " is computed over the rows of a group, and here each row stands alone (WHERE, GROUP BY, inside "
                                                   "another aggregate): write HAVING, or an outer SELECT over this one");
  }
  if (!syntax.distinct && !syntax.star && !syntax.filter) return {};
  const char* const what = syntax.filter ? "FILTER" : syntax.star ? "*" : "DISTINCT";
  std::string near = nearest_name(syntax.text, expr::aggregate_names());
  return text_.refuse("sql_function", syntax.at, std::string(what) + " belongs to an aggregate, and " + syntax.text + " is none" +
                                                     (near.empty() ? "" : ": did you mean " + near + "?"));
}

Result<ExprPtr> ExpressionBinder::apply(std::string_view name, Args args, int at) {
  if (expr::overloads(name).empty()) return unknown_function(std::string(name), args, at);
  auto made = expr::apply(name, args, text_.place(at));
  if (!made.ok()) return text_.locate(made.status(), blamed(made.status(), args, text_.place(at)));
  if ((*made)->function->of_epoch && is_static(*scope_.plan()) && !scope_.is_inner()) {
    return text_.refuse("sql_unsupported", at, "the rows of a static table are computed once for each version of it, not in each epoch: write " + std::string(name) +
                                                   " in the condition of the join, or above it");
  }
  return folded(*made, at);
}

Result<ExprPtr> ExpressionBinder::special(std::string_view name, Type type, Args args, int at) {
  return folded(expr::call(expr::special_function(name), std::move(type), std::move(args), text_.place(at)), at);
}

Result<ExprPtr> ExpressionBinder::folded(ExprPtr node, int at) {
  const auto constant = [](const ExprPtr& arg) { return arg->kind == expr::Expression::Kind::kConstant; };
  if (!std::all_of(node->args.begin(), node->args.end(), constant)) return node;
  auto value = expr::fold(node);
  if (value.ok()) return value;
  if (conditional_ > 0) return node;
  return text_.locate(value.status(), at);
}

Status ExpressionBinder::unknown_function(const std::string& name, const Args& args, int at) const {
  std::vector<Type> types;
  for (const ExprPtr& arg : args) types.push_back(arg->type);
  if (!is_name(name)) {
    const std::string instead = instead_of_operator(name);
    return text_.refuse("sql_function", at, "there is no operator " + expr::signature(name, types) + (instead.empty() ? "" : ": " + instead));
  }
  std::string instead = instead_of_function(name);
  if (instead.empty()) {
    std::vector<std::string_view> names = expr::function_names();
    std::erase_if(names, [](std::string_view one) { return !std::islower(static_cast<unsigned char>(one.front())); });
    for (const std::string_view one : expr::aggregate_names()) names.push_back(one);
    const std::string near = nearest_name(name, names);
    if (!near.empty()) instead = "did you mean " + near + "?";
  }
  return text_.refuse("sql_function", at, "there is no function " + name + (instead.empty() ? "" : ": " + instead));
}

Result<ExprPtr> ExpressionBinder::negated_if(bool negated, Result<ExprPtr> made, int at) {
  if (!negated || !made.ok()) return made;
  return apply("NOT", {*made}, at);
}

Result<Type> ExpressionBinder::unify(Args& values, std::string_view form, int at) {
  Type common;
  for (const ExprPtr& value : values) {
    const auto both = expr::common_type(common, value->type);
    if (!both) {
      return text_.refuse(kTypeCode, at, std::string(form) + " has values of types " + common.name() + " and " + value->type.name() + ": cast them to one type");
    }
    common = *both;
  }
  if (common.id == TypeId::kUnknown) common = TypeId::kText;
  if (common.id == TypeId::kOther) return text_.refuse(kTypeCode, at, std::string(form) + " cannot choose among values of type " + common.name() + " yet");
  for (ExprPtr& value : values) {
    auto converted = expr::cast(value, common, expr::CastContext::kImplicit);
    if (!converted.ok()) return text_.locate(converted.status(), value->place);
    value = *converted;
  }
  return common;
}

Result<ExprPtr> ExpressionBinder::junction(const Syntax& syntax) {
  Args args;
  for (const Syntax& one : syntax.args) {
    conditional_ += args.empty() ? 0 : 1;
    auto made = condition(one, syntax.text.c_str());
    conditional_ -= args.empty() ? 0 : 1;
    if (!made.ok()) return made;
    args.push_back(*made);
  }
  return special(syntax.text, TypeId::kBoolean, std::move(args), syntax.at);
}

Result<ExprPtr> ExpressionBinder::negation(const Syntax& syntax) {
  LT_ASSIGN_OR_RETURN(ExprPtr arg, condition(syntax.args[0], "NOT"));
  return apply("NOT", {std::move(arg)}, syntax.at);
}

Result<ExprPtr> ExpressionBinder::test(const Syntax& syntax) {
  const bool of_value = syntax.text.ends_with("NULL");
  LT_ASSIGN_OR_RETURN(ExprPtr arg, of_value ? value(syntax.args[0]) : condition(syntax.args[0], syntax.text.c_str()));
  return special(syntax.text, TypeId::kBoolean, {std::move(arg)}, syntax.at);
}

Result<ExprPtr> ExpressionBinder::distinct(const Syntax& syntax) {
  LT_ASSIGN_OR_RETURN(Args args, bind_all(syntax.args));
  for (ExprPtr& arg : args) arg = expr::share(arg);
  LT_ASSIGN_OR_RETURN(ExprPtr equal, apply("=", args, syntax.at));
  for (ExprPtr& arg : args) {
    if (arg->type.id == TypeId::kUnknown) arg = *expr::cast(arg, TypeId::kText, expr::CastContext::kImplicit);
  }
  return special(syntax.text, TypeId::kBoolean, {std::move(equal), args[0], args[1]}, syntax.at);
}

Result<ExprPtr> ExpressionBinder::in_list(const Syntax& syntax) {
  LT_ASSIGN_OR_RETURN(const ExprPtr left, bind(syntax.args[0]));
  const ExprPtr once = expr::share(left);
  Args matches;
  for (size_t i = 1; i < syntax.args.size(); ++i) {
    LT_ASSIGN_OR_RETURN(ExprPtr right, bind(syntax.args[i]));
    LT_ASSIGN_OR_RETURN(matches.emplace_back(), apply("=", {once, std::move(right)}, syntax.args[i].at));
  }
  return negated_if(syntax.text == "NOT IN", special("OR", TypeId::kBoolean, std::move(matches), syntax.at), syntax.at);
}

Result<ExprPtr> ExpressionBinder::between(const Syntax& syntax) {
  LT_ASSIGN_OR_RETURN(Args args, bind_all(syntax.args));
  for (ExprPtr& arg : args) arg = expr::share(arg);
  const auto inside = [&](const ExprPtr& low, const ExprPtr& high) -> Result<ExprPtr> {
    LT_ASSIGN_OR_RETURN(ExprPtr above, apply(">=", {args[0], low}, syntax.at));
    LT_ASSIGN_OR_RETURN(ExprPtr below, apply("<=", {args[0], high}, syntax.at));
    return special("AND", TypeId::kBoolean, {std::move(above), std::move(below)}, syntax.at);
  };
  auto made = inside(args[1], args[2]);
  if (made.ok() && syntax.text.ends_with("SYMMETRIC")) {
    LT_ASSIGN_OR_RETURN(ExprPtr swapped, inside(args[2], args[1]));
    made = special("OR", TypeId::kBoolean, {*made, std::move(swapped)}, syntax.at);
  }
  return negated_if(syntax.text.starts_with("NOT"), std::move(made), syntax.at);
}

Result<ExprPtr> ExpressionBinder::like(const Syntax& syntax) {
  LT_ASSIGN_OR_RETURN(Args args, bind_all(syntax.args));
  const bool negated = syntax.text.starts_with("NOT");
  return negated_if(negated, apply(negated ? syntax.text.substr(4) : syntax.text, std::move(args), syntax.at), syntax.at);
}

Result<ExprPtr> ExpressionBinder::case_when(const Syntax& syntax) {
  ExprPtr operand;
  if (syntax.args[0].kind != Syntax::Kind::kNone) {
    LT_ASSIGN_OR_RETURN(operand, bind(syntax.args[0]));
    operand = expr::share(operand);
  }
  Args conditions, values;
  ++conditional_;
  const auto parts = [&]() -> Status {
    for (size_t i = 1; i + 1 < syntax.args.size(); i += 2) {
      if (operand) {
        LT_ASSIGN_OR_RETURN(ExprPtr wanted, bind(syntax.args[i]));
        LT_ASSIGN_OR_RETURN(conditions.emplace_back(), apply("=", {operand, std::move(wanted)}, syntax.args[i].at));
      } else {
        LT_ASSIGN_OR_RETURN(conditions.emplace_back(), condition(syntax.args[i], "WHEN"));
      }
      LT_ASSIGN_OR_RETURN(values.emplace_back(), bind(syntax.args[i + 1]));
    }
    LT_ASSIGN_OR_RETURN(values.emplace_back(), bind(syntax.args.back()));
    return {};
  };
  const Status bound = parts();
  --conditional_;
  LT_RETURN_IF_ERROR(bound);
  LT_ASSIGN_OR_RETURN(Type type, unify(values, "CASE", syntax.at));
  Args args;
  for (size_t i = 0; i < conditions.size(); ++i) {
    args.push_back(conditions[i]);
    args.push_back(values[i]);
  }
  args.push_back(values.back());
  return special("CASE", std::move(type), std::move(args), syntax.at);
}

Result<ExprPtr> ExpressionBinder::coalesce(const Syntax& syntax) {
  ++conditional_;
  auto args = bind_all(syntax.args);
  --conditional_;
  if (!args.ok()) return args.status();
  LT_ASSIGN_OR_RETURN(Type type, unify(*args, "COALESCE", syntax.at));
  return special("COALESCE", std::move(type), *std::move(args), syntax.at);
}

// From left to right, two at a time: the greatest of (a, b, c) is that of (the greatest of (a, b), c).
Result<ExprPtr> ExpressionBinder::extreme(const Syntax& syntax) {
  LT_ASSIGN_OR_RETURN(Args args, bind_all(syntax.args));
  LT_ASSIGN_OR_RETURN(const Type type, unify(args, syntax.text, syntax.at));
  ExprPtr best = args[0];
  for (size_t i = 1; i < args.size(); ++i) {
    const ExprPtr left = expr::share(best), right = expr::share(args[i]);
    LT_ASSIGN_OR_RETURN(ExprPtr wins, apply(syntax.text == "GREATEST" ? ">" : "<", {right, left}, syntax.at));
    LT_ASSIGN_OR_RETURN(best, special(syntax.text, type, {std::move(wins), left, right}, syntax.at));
  }
  return best;
}

Result<ExprPtr> ExpressionBinder::nullif(const Syntax& syntax) {
  LT_ASSIGN_OR_RETURN(Args args, bind_all(syntax.args));
  LT_ASSIGN_OR_RETURN(ExprPtr equal, apply("=", args, syntax.at));
  // PostgreSQL: the result has the type that the comparison takes the first value as; integers and times compare across types.
  const auto category = expr::category_of(args[0]->type.id);
  const bool both_integers = expr::is_integer(args[0]->type.id) && expr::is_integer(args[1]->type.id);
  const bool as_it_is = both_integers || category == expr::Category::kTime || equal->kind != expr::Expression::Kind::kCall;
  Type type = as_it_is ? args[0]->type : equal->args[0]->type;
  if (type.id == TypeId::kUnknown) type = TypeId::kText;
  LT_ASSIGN_OR_RETURN(ExprPtr left, expr::cast(args[0], type, expr::CastContext::kImplicit));
  left = expr::share(left);
  LT_ASSIGN_OR_RETURN(equal, apply("=", {left, args[1]}, syntax.at));
  return special("NULLIF", std::move(type), {std::move(equal), std::move(left)}, syntax.at);
}

// PostgreSQL joins the values' texts, and shows a boolean as it does in a row: t or f.
Result<ExprPtr> ExpressionBinder::concat(const Syntax& syntax) {
  LT_ASSIGN_OR_RETURN(Args args, bind_all(syntax.args));
  if (args.size() < (syntax.text == "concat" ? 1 : 2)) return text_.refuse("sql_function", syntax.at, syntax.text + " needs more arguments");
  for (ExprPtr& arg : args) {
    auto made = expr::cast(arg, TypeId::kText, expr::CastContext::kExplicit);
    if (!made.ok()) return text_.locate(made.status(), arg->place);
    if (arg->type.id == TypeId::kBoolean) {
      LT_ASSIGN_OR_RETURN(made, apply("left", {*made, *expr::cast(expr::bigint_constant(1), TypeId::kInt, expr::CastContext::kExplicit)}, syntax.at));
    }
    arg = *made;
  }
  return special(syntax.text, TypeId::kText, std::move(args), syntax.at);
}

// PostgreSQL: an array with an array, or with a value, which becomes an array of its own.
Result<ExprPtr> ExpressionBinder::join_arrays(Args args, int at) {
  const Type array = args[args[0]->type.id == TypeId::kArray ? 0 : 1]->type;
  for (ExprPtr& arg : args) {
    const bool one = arg->type.id != TypeId::kArray && arg->type.id != TypeId::kUnknown;
    auto made = expr::cast(arg, one ? *array.element : array, expr::CastContext::kImplicit);
    if (!made.ok()) return text_.locate(made.status(), arg->place);
    arg = *made;
    if (!one) continue;
    LT_ASSIGN_OR_RETURN(arg, special("ARRAY", array, {std::move(arg)}, at));
  }
  return apply("||", std::move(args), at);
}

Result<ExprPtr> ExpressionBinder::array(const Syntax& syntax) {
  LT_ASSIGN_OR_RETURN(Args elements, bind_all(syntax.args));
  if (elements.empty()) return text_.refuse(kTypeCode, syntax.at, "an empty array has no type of its own: write '{}'::text[]");
  LT_ASSIGN_OR_RETURN(Type element, unify(elements, "ARRAY", syntax.at));
  if (element.id == TypeId::kArray) return text_.refuse(kTypeCode, syntax.at, "arrays of arrays are not supported");
  return special("ARRAY", Type::array(std::move(element)), std::move(elements), syntax.at);
}

// PostgreSQL compares by the operator of the value's and the elements' types; here both become their common type first.
Result<ExprPtr> ExpressionBinder::quantified(const Syntax& syntax) {
  LT_ASSIGN_OR_RETURN(Args args, bind_all(syntax.args));
  const Type value = args[0]->type;
  if (args[1]->type.id == TypeId::kUnknown) {
    auto read = expr::cast(args[1], Type::array(value.id == TypeId::kUnknown ? Type(TypeId::kText) : value), expr::CastContext::kImplicit);
    if (!read.ok()) return text_.locate(read.status(), args[1]->place);
    args[1] = *read;
  }
  if (args[1]->type.id != TypeId::kArray) {
    return text_.refuse(kTypeCode, syntax.at, "ANY and ALL need an array, and this is " + args[1]->type.name() + ": write IN (a, b), or ANY (ARRAY[a, b])");
  }
  const auto common = expr::common_type(value, *args[1]->type.element);
  if (!common) {
    return text_.refuse(kTypeCode, syntax.at, "a value of type " + value.name() + " is compared with elements of " + args[1]->type.name() + ": cast one of them");
  }
  const Type types[] = {*common, *common};
  const auto comparison = expr::find_overload(std::string_view(syntax.text).substr(0, syntax.text.find(' ')), types);
  if (!comparison.ok()) return text_.locate(comparison.status(), syntax.at);
  for (auto& [arg, wanted] : {std::pair<ExprPtr&, Type>(args[0], *common), {args[1], Type::array(*common)}}) {
    auto made = expr::cast(arg, wanted, expr::CastContext::kImplicit);
    if (!made.ok()) return text_.locate(made.status(), arg->place);
    arg = *made;
  }
  return special(syntax.text, TypeId::kBoolean, std::move(args), syntax.at);
}

Result<ExprPtr> ExpressionBinder::field(const Syntax& syntax) {
  LT_ASSIGN_OR_RETURN(ExprPtr value, bind(syntax.args[0]));
  auto made = expr::field_of(std::move(value), syntax.args[1].text, text_.place(syntax.at));
  if (!made.ok()) return text_.locate(made.status(), syntax.at);
  return folded(*made, syntax.at);
}

// The place of the record, the number of the row among those made of it, and the number of the call, which is another one than those of
// the queries below.
Result<ExprPtr> ExpressionBinder::place_value(const Syntax& syntax) {
  LT_RETURN_IF_ERROR(check_plain_call(syntax));
  const bool number = syntax.text == "random";
  if (!syntax.args.empty()) {
    return text_.refuse("sql_function", syntax.at, syntax.text + "() has no argument" + (number ? ": for a number from a up to b write a + random() * (b - a)" : ""));
  }
  const auto& relations = scope_.relations();
  const auto of_stream = std::find_if(relations.begin(), relations.end(), [](const Relation& one) { return !one.is_static; });
  Args args;
  for (const char* name : {"_topic", "_partition", "_offset"}) {
    Syntax column;
    column.kind = Syntax::Kind::kColumn;
    column.at = syntax.at;
    column.parts = {name};
    if (relations.size() > 1 && of_stream != relations.end()) column.parts.insert(column.parts.begin(), of_stream->names.front());
    const auto place = bind(column);
    if (!place.ok()) {
      return text_.refuse("sql_function", syntax.at, syntax.text + "() is made from the place of the row's record, so that a replay gives the same, and these rows have none (they are groups, "
                                                         "pairs of streams, rows chosen out of others, or made without a record): write it where the records are read, as " + syntax.text +
                                                         "() AS r in a SELECT in FROM, or inside the aggregate");
    }
    args.push_back(*place);
  }
  int64_t before = 0;
  const PlanPtr memory = memory_of(scope_.plan());
  visit_expressions(*scope_.plan(), memory.get(), [&](const expr::Expression& one) { before = std::max(before, last_place_call(one)); });
  args.push_back(expr::column(std::string(kRowColumn), TypeId::kBigint, false));
  args.push_back(expr::bigint_constant(before + syntax.number));
  return expr::call(expr::special_function(syntax.text), number ? TypeId::kDouble : TypeId::kUuid, std::move(args), text_.place(syntax.at));
}

// PostgreSQL joins text with a value of any type by that value's text.
Result<ExprPtr> ExpressionBinder::concatenate(const Syntax& syntax) {
  LT_ASSIGN_OR_RETURN(Args args, bind_all(syntax.args));
  if (args.size() != 2) return apply(syntax.text, std::move(args), syntax.at);  // PostgreSQL's grammar takes any operator before a value
  if (args[0]->type.id == TypeId::kArray || args[1]->type.id == TypeId::kArray) return join_arrays(std::move(args), syntax.at);
  const auto is_text = [](const ExprPtr& arg) { return arg->type.id == TypeId::kText; };
  const auto literal = [](const ExprPtr& arg) { return arg->type.id == TypeId::kUnknown; };
  const auto bytes = [](const ExprPtr& arg) { return arg->type.id == TypeId::kBytea; };
  const bool text = std::any_of(args.begin(), args.end(), is_text) ||
                    (std::any_of(args.begin(), args.end(), literal) && std::none_of(args.begin(), args.end(), bytes));
  if (!text) return apply(syntax.text, std::move(args), syntax.at);
  for (ExprPtr& arg : args) {
    auto converted = expr::cast(arg, TypeId::kText, expr::CastContext::kExplicit);
    if (!converted.ok()) return text_.locate(converted.status(), syntax.at);
    arg = *converted;
  }
  return apply(syntax.text, std::move(args), syntax.at);
}

}  // namespace laketide::sql
