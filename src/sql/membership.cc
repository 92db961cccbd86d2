#include "sql/membership.h"

#include <optional>
#include <string>
#include <utility>

#include <arrow/type.h>

#include "expr/overload.h"
#include "sql/from_binder.h"
#include "sql/grouping.h"
#include "sql/join_condition.h"
#include "sql/pairing.h"

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
  return text_.refuse("sql_unsupported", at, "'" + scan_of(*plan).origin.source + "' is a stream: EXISTS, NOT EXISTS and IN over it stand between the ANDs of WHERE, with the time between "
                                             "both rows bounded, as in WHERE EXISTS (SELECT 1 FROM b WHERE b.id = a.id AND b.ts BETWEEN a.ts AND a.ts + INTERVAL '10 minutes'); "
                                             "elsewhere write a LEFT JOIN, and test a column of it with IS NOT NULL");
}

namespace {

constexpr const char* kPlainExists = "EXISTS takes a plain SELECT: EXISTS (SELECT 1 FROM t WHERE t.id = …)";

bool is_plain(const SelectSyntax& select) { return select.union_of.empty() && select.with.empty() && !is_grouped(select); }

void split_syntax(const Syntax& condition, std::vector<const Syntax*>& parts) {
  if (condition.kind != Syntax::Kind::kCall || condition.text != "AND") {
    parts.push_back(&condition);
    return;
  }
  for (const Syntax& part : condition.args) split_syntax(part, parts);
}

/// One subquery of WHERE over a stream, on its way to a join. Immutable.
struct Member {
  PlanPtr right;
  std::vector<expr::ExprPtr> conditions;
};

Result<Member> exists_member(const Syntax& subquery, const Scope& from, const Scope& scope, const QueryText& text) {
  const SelectSyntax& select = *subquery.subquery;
  const Scope apart = from.apart_from(scope);
  const Scope inner = apart.within(apart.plan(), &scope);
  ExpressionBinder binder(text, inner);
  for (const SelectItem& item : select.items) {
    if (item.value.kind != Syntax::Kind::kStar) LT_RETURN_IF_ERROR(binder.value(item.value).status());
  }
  Member made{apart.plan(), {}};
  if (!select.where) return made;
  LT_ASSIGN_OR_RETURN(const expr::ExprPtr where, binder.condition(*select.where, "WHERE"));
  made.conditions = conjuncts_of(where);
  return made;
}

Result<Member> in_member(const Syntax& subquery, PlanPtr plan, const Scope& scope, const QueryText& text) {
  LT_ASSIGN_OR_RETURN(expr::ExprPtr wanted, ExpressionBinder(text, scope).value(subquery.args[0]));
  if (plan->output->num_fields() != 1) {
    return text.refuse("sql_type", subquery.subquery->at, "the SELECT of IN has one column, and this one has " + std::to_string(plan->output->num_fields()) + ": name one, or write EXISTS");
  }
  Member made{Scope(std::move(plan), {"in"}).apart_from(scope).plan(), {}};
  const auto& field = made.right->output->field(0);
  auto equal = expr::apply("=", {std::move(wanted), expr::column(field->name(), expr::Type::of(*field), field->nullable(), text.place(subquery.at))}, text.place(subquery.at));
  if (!equal.ok()) return text.locate(equal.status(), subquery.at);
  made.conditions.push_back(*std::move(equal));
  return made;
}

// None: the subquery is over a static table, or this is no subquery.
Result<std::optional<Member>> member_of(const Syntax& subquery, const Scope& scope, const QueryText& text, const Tables& tables) {
  if (subquery.kind != Syntax::Kind::kSubquery) return std::optional<Member>();
  const SelectSyntax& select = *subquery.subquery;
  std::optional<Member> made;
  if (subquery.text == "EXISTS") {
    if (!is_plain(select)) return text.refuse("sql_unsupported", subquery.at, kPlainExists);
    LT_ASSIGN_OR_RETURN(const Scope from, bind_from(select.from, text, tables));
    if (is_static(*from.plan())) return made;
    LT_ASSIGN_OR_RETURN(made, exists_member(subquery, from, scope, text));
  } else {
    LT_ASSIGN_OR_RETURN(PlanPtr plan, bind_select(select, text, tables));
    if (is_static(*plan)) return made;
    LT_ASSIGN_OR_RETURN(made, in_member(subquery, std::move(plan), scope, text));
  }
  return made;
}

}  // namespace

Result<JoinedRows> join_members(const Syntax& where, const Scope& scope, const QueryText& text, const Tables& tables) {
  JoinedRows made{scope.plan(), where};
  std::vector<Syntax> rest;
  std::vector<const Syntax*> parts;
  split_syntax(where, parts);
  for (const Syntax* const part : parts) {
    const bool negated = part->kind == Syntax::Kind::kCall && part->text == "NOT";
    const Syntax& subquery = negated ? part->args[0] : *part;
    const Scope outer = scope.within(made.rows, nullptr);
    LT_ASSIGN_OR_RETURN(const auto member, member_of(subquery, outer, text, tables));
    if (!member) {
      rest.push_back(*part);
      continue;
    }
    if (negated && subquery.text == "IN") {
      return text.refuse("sql_unsupported", subquery.at, "NOT IN over a stream is never true as long as a NULL can come: write NOT EXISTS (SELECT 1 FROM b WHERE b.id = a.id AND …)");
    }
    if (is_static(*made.rows)) return text.refuse("sql_unsupported", subquery.at, "rows of a static table wait for none of a stream: read the stream, and join it with the table");
    Join join;
    join.name = "join_" + std::to_string(memories_below(made.rows) + memories_below(member->right) + 1);
    join.kind = negated ? JoinKind::kAnti : JoinKind::kSemi;
    join.left = made.rows;
    join.right = member->right;
    made.rows = pair_on(std::move(join), member->conditions);
    if (!made.rows) {
      return text.refuse("sql_unsupported", subquery.at, "the condition of such a subquery can fail for a pair of rows, as a division does: compute that in a SELECT in FROM, from one side's columns");
    }
  }
  // As it stood: a part that is false keeps another one's failure from counting.
  if (made.rows == scope.plan()) return made;
  made.rest.reset();
  if (rest.size() == 1) made.rest = std::move(rest[0]);
  if (rest.size() < 2) return made;
  made.rest = where;
  made.rest->args = std::move(rest);
  return made;
}

// What the subquery says of the outer row becomes keys and condition.
Result<Lookup> Membership::exists(const Syntax& syntax) {
  const SelectSyntax& select = *syntax.subquery;
  if (!is_plain(select)) return text_.refuse("sql_unsupported", syntax.at, kPlainExists);
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
