#include "sql/join_condition.h"

#include <algorithm>
#include <set>
#include <utility>

#include <arrow/type.h>

#include "expr/cast.h"
#include "expr/function.h"
#include "expr/overload.h"
#include "flow/pseudo_columns.h"
#include "sql/pairing.h"

namespace laketide::sql {
namespace {

using expr::ExprPtr;
using expr::TypeId;

bool is_call(const expr::Expression& node, std::string_view name) {
  return node.kind == expr::Expression::Kind::kCall && node.function->name == name;
}

/// Which sides an expression names. Immutable.
struct Sides {
  bool left = false, right = false;
};

Sides sides_of(const expr::Expression& node, const arrow::Schema& right) {
  std::set<std::string> names;
  expr::collect_columns(node, names);
  Sides sides;
  for (const std::string& name : names) (right.GetFieldIndex(name) >= 0 ? sides.right : sides.left) = true;
  return sides;
}

// Intervals that are equal need not be the same, arrays and the like have no bytes to compare.
bool is_key_type(const expr::Type& type) {
  const std::vector<expr::Type> both{type, type};
  return type.id != TypeId::kOther && type.id != TypeId::kInterval && type.id != TypeId::kArray && type.id != TypeId::kUnknown &&
         expr::find_overload("=", both).ok();
}

PlanPtr with_input(const PlanNode& plan, PlanPtr input) { return make_lookup_node(std::move(input), std::get<Lookup>(plan.step)); }

// The plan with `condition` as a part of an inner join's; null: there is none that it belongs to.
PlanPtr pushed(const PlanPtr& plan, const ExprPtr& condition) {
  if (const auto* join = std::get_if<Join>(&plan->step)) {
    return join->kind == JoinKind::kInner && !names_epoch(*condition) ? pair_on(*join, {condition}) : nullptr;
  }
  const auto* lookup = std::get_if<Lookup>(&plan->step);
  if (lookup == nullptr) return nullptr;
  const bool inner = lookup->kind == Lookup::Kind::kInner;
  const bool of_mark = !lookup->mark.empty() && sides_of(*condition, *arrow::schema({arrow::field(lookup->mark, arrow::boolean())})).right;
  if (of_mark) return nullptr;
  if (!sides_of(*condition, *lookup->table->output).right) {
    const PlanPtr input = pushed(plan->input, condition);
    return input ? with_input(*plan, input) : nullptr;
  }
  if (!inner) return nullptr;
  JoinCondition parts = split({condition}, *lookup->table->output);
  if (!parts.rest.empty()) return nullptr;
  Lookup joined = *lookup;
  add_condition(joined, std::move(parts));
  return make_lookup_node(plan->input, std::move(joined));
}

}  // namespace

bool names_epoch(const expr::Expression& condition) {
  std::set<std::string> names;
  expr::collect_columns(condition, names);
  return std::any_of(names.begin(), names.end(), [](const std::string& name) { return is_epoch_pseudo_column(name); });
}

std::vector<ExprPtr> conjuncts_of(const ExprPtr& condition) {
  if (!is_call(*condition, "AND")) return {condition};
  std::vector<ExprPtr> all;
  for (const ExprPtr& arg : condition->args) {
    for (ExprPtr& one : conjuncts_of(arg)) all.push_back(std::move(one));
  }
  return all;
}

ExprPtr all_of(std::vector<ExprPtr> conditions) {
  if (conditions.empty()) return nullptr;
  if (conditions.size() == 1) return conditions[0];
  return expr::call(expr::special_function("AND"), TypeId::kBoolean, std::move(conditions));
}

KeyPair key_pair(const ExprPtr& left, const ExprPtr& right) {
  const auto common = expr::common_type(left->type, right->type);
  if (!common || !is_key_type(*common)) return {};
  auto one = expr::cast(left, *common, expr::CastContext::kImplicit), other = expr::cast(right, *common, expr::CastContext::kImplicit);
  if (!one.ok() || !other.ok()) return {};
  // A conversion that may lose digits is for the comparison to make, which sees both values.
  if (expr::can_fail(**one) != expr::can_fail(*left) || expr::can_fail(**other) != expr::can_fail(*right)) return {};
  return {*one, *other};
}

JoinCondition split(const std::vector<ExprPtr>& conditions, const arrow::Schema& right) {
  JoinCondition made;
  for (const ExprPtr& condition : conditions) {
    const Sides sides = sides_of(*condition, right);
    // A static side is computed once for each version of its table, whatever epochs look at it.
    if (expr::is_of_epoch(*condition)) {
      made.rest.push_back(condition);
      continue;
    }
    if (sides.right && !sides.left && !expr::can_fail(*condition)) {
      made.right_only.push_back(condition);
      continue;
    }
    KeyPair key;
    if (is_call(*condition, "=") && sides.left && sides.right) {
      const ExprPtr &one = condition->args[0], &other = condition->args[1];
      const Sides first = sides_of(*one, right), second = sides_of(*other, right);
      if (!first.right && !second.left) key = key_pair(one, other);
      if (!first.left && !second.right) key = key_pair(other, one);
    }
    if (key.left) {
      made.keys.push_back(std::move(key));
    } else {
      made.rest.push_back(condition);
    }
  }
  return made;
}

void add_condition(Lookup& lookup, JoinCondition condition) {
  for (KeyPair& key : condition.keys) {
    lookup.keys.push_back(std::move(key.left));
    lookup.table_keys.push_back(std::move(key.right));
  }
  if (ExprPtr filter = all_of(std::move(condition.right_only))) lookup.table = make_filter_node(lookup.table, std::move(filter));
  if (lookup.condition) condition.rest.insert(condition.rest.begin(), lookup.condition);
  lookup.condition = all_of(std::move(condition.rest));
}

PlanPtr filter_rows(const PlanPtr& rows, const ExprPtr& condition) {
  PlanPtr joined = rows;
  std::vector<ExprPtr> rest;
  for (ExprPtr& part : conjuncts_of(condition)) {
    if (PlanPtr with = pushed(joined, part)) {
      joined = std::move(with);
    } else {
      rest.push_back(std::move(part));
    }
  }
  ExprPtr filter = joined == rows ? condition : all_of(std::move(rest));
  return filter ? make_filter_node(std::move(joined), std::move(filter)) : joined;
}

}  // namespace laketide::sql
