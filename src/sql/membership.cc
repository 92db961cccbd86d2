#include "sql/membership.h"

#include <utility>

#include <arrow/type.h>

#include "sql/from_binder.h"
#include "sql/grouping.h"
#include "sql/join_condition.h"

namespace laketide::sql {

Result<expr::ExprPtr> Membership::substitute(const Syntax& syntax) {
  if (syntax.kind != Syntax::Kind::kSubquery) return expr::ExprPtr();
  const bool is_exists = syntax.text == "EXISTS";
  LT_ASSIGN_OR_RETURN(Lookup made, is_exists ? exists(syntax) : in(syntax));
  made.kind = Lookup::Kind::kMark;
  made.in = !is_exists;
  made.mark = (is_exists ? "exists #" : "in #") + std::to_string(lookups_.size() + 1);
  expr::ExprPtr mark = expr::column(made.mark, expr::TypeId::kBoolean, made.in, text_.place(syntax.at));
  lookups_.push_back(std::move(made));
  return mark;
}

Status Membership::check_static(const PlanPtr& plan, int at) const {
  if (is_static(*plan)) return check_static_rows(plan, "such a subquery", at, text_);
  return text_.refuse("sql_unsupported", at, "EXISTS and IN ask a static table, which stands under tables:; '" + scan_of(*plan).origin.source +
                                             "' is a stream, and no row of it is ever known to be missing");
}

// What the subquery says of the outer row becomes keys and condition.
Result<Lookup> Membership::exists(const Syntax& syntax) {
  const SelectSyntax& select = *syntax.subquery;
  if (!select.union_of.empty() || !select.with.empty() || is_grouped(select)) {
    return text_.refuse("sql_unsupported", syntax.at, "EXISTS takes a plain SELECT: EXISTS (SELECT 1 FROM t WHERE t.id = …)");
  }
  LT_ASSIGN_OR_RETURN(const Scope from, bind_from(select.from, text_, tables_));
  LT_RETURN_IF_ERROR(check_static(from.plan(), select.from.at));
  const Scope apart = from.apart_from(scope_);
  const Scope inner = apart.within(apart.plan(), &scope_);
  ExpressionBinder binder(text_, inner);
  for (const SelectItem& item : select.items) {
    if (item.value.kind != Syntax::Kind::kStar) LT_RETURN_IF_ERROR(binder.value(item.value).status());
  }
  Lookup lookup;
  lookup.table = apart.plan();
  if (!select.where) return lookup;
  LT_ASSIGN_OR_RETURN(const expr::ExprPtr where, binder.condition(*select.where, "WHERE"));
  add_condition(lookup, split(conjuncts_of(where), *lookup.table->output));
  return lookup;
}

Result<Lookup> Membership::in(const Syntax& syntax) {
  LT_ASSIGN_OR_RETURN(const expr::ExprPtr wanted, rows_.value(syntax.args[0]));
  LT_ASSIGN_OR_RETURN(PlanPtr plan, bind_select(*syntax.subquery, text_, tables_));
  LT_RETURN_IF_ERROR(check_static(plan, syntax.subquery->at));
  if (plan->output->num_fields() != 1) {
    return text_.refuse("sql_type", syntax.subquery->at, "the SELECT of IN has one column, and this one has " + std::to_string(plan->output->num_fields()) +
                                                             ": name one, or write EXISTS");
  }
  Lookup lookup;
  lookup.table = Scope(std::move(plan), {"in"}).apart_from(scope_).plan();
  const auto& field = lookup.table->output->field(0);
  KeyPair key = key_pair(wanted, expr::column(field->name(), expr::Type::of(*field), field->nullable(), text_.place(syntax.at)));
  if (!key.left) {
    return text_.refuse("sql_type", syntax.at, "IN compares " + wanted->type.name() + " with " + expr::Type::of(*field).name() + ": cast one of them");
  }
  lookup.keys.push_back(std::move(key.left));
  lookup.table_keys.push_back(std::move(key.right));
  return lookup;
}

PlanPtr Membership::finish(PlanPtr rows) const {
  for (const Lookup& lookup : lookups_) rows = make_lookup_node(std::move(rows), lookup);
  return rows;
}

}  // namespace laketide::sql
