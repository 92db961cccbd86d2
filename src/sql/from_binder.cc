#include "sql/from_binder.h"

#include <algorithm>
#include <utility>

#include <arrow/type.h>

#include "base/nearest_name.h"
#include "expr/overload.h"
#include "sql/expression_binder.h"
#include "sql/join_condition.h"
#include "sql/pairing.h"

namespace laketide::sql {
namespace {

using Kind = JoinSyntax::Kind;

Status unknown_table(const FromSyntax& from, const QueryText& text, const Tables& tables) {
  std::vector<std::string_view> names;
  std::string all;
  for (const auto& [name, plan] : tables) {
    names.push_back(name);
    all += (all.empty() ? "" : ", ") + name;
  }
  const std::string near = nearest_name(from.table, names);
  return text.refuse("sql_unknown_table", from.at,
                     "there is no table '" + from.table + "'" + (near.empty() ? "" : " (did you mean \"" + near + "\"?)") + "; there is: " + all);
}

/// Two sides of a join, their columns named apart. Immutable.
struct Sides {
  Scope left, right;
  bool left_outer = false, right_outer = false;  // whose rows stay without a match
};

Result<Scope> relation_of(const FromSyntax& from, const QueryText& text, const Tables& tables, const RowLimits& limits) {
  if (from.subquery) {
    LT_ASSIGN_OR_RETURN(PlanPtr inner, bind_select(*from.subquery, text, tables, limits));
    return Scope(std::move(inner), {from.alias});
  }
  const auto table = tables.find(from.table);
  if (table == tables.end()) return unknown_table(from, text, tables);
  if (!from.alias.empty()) return Scope(table->second, {from.alias});
  std::vector<std::string> names{from.table};
  for (const auto& [name, plan] : tables) {
    if (plan == table->second && name != from.table) names.push_back(name);
  }
  return Scope(table->second, std::move(names));
}

Status check_names(const Scope& left, const Scope& right, int at, const QueryText& text) {
  for (const Relation& one : left.relations()) {
    for (const Relation& other : right.relations()) {
      if (one.names.front() != other.names.front()) continue;
      return text.refuse("sql_name", at, "two tables are called '" + one.names.front() + "' here: give one of them another name with AS");
    }
  }
  return {};
}

bool holds(const std::vector<std::string>& names, const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); }

// Both sides' columns; those of USING once, first, from the side whose rows all stay.
Scope joined_scope(const JoinSyntax& join, const Sides& sides, PlanPtr plan) {
  std::vector<Relation> relations = sides.left.relations();
  relations.insert(relations.end(), sides.right.relations().begin(), sides.right.relations().end());
  std::vector<NamedColumn> columns;
  const Scope& kept = sides.right_outer && !sides.left_outer ? sides.right : sides.left;
  for (const std::string& name : join.using_columns) {
    for (const NamedColumn& column : kept.columns()) {
      if (column.name == name) columns.push_back(column);
    }
  }
  for (const Scope* side : {&sides.left, &sides.right}) {
    for (const NamedColumn& column : side->columns()) {
      if (!holds(join.using_columns, column.name)) columns.push_back(column);
    }
  }
  return Scope(std::move(plan), std::move(relations), std::move(columns));
}

Result<expr::ExprPtr> using_condition(const std::string& name, const JoinSyntax& join, const Sides& sides, const QueryText& text) {
  Syntax column;
  column.kind = Syntax::Kind::kColumn;
  column.at = join.at;
  column.parts = {name};
  LT_ASSIGN_OR_RETURN(expr::ExprPtr left, sides.left.column(column, text));
  LT_ASSIGN_OR_RETURN(expr::ExprPtr right, sides.right.column(column, text));
  auto equal = expr::apply("=", {std::move(left), std::move(right)}, text.place(join.at));
  if (!equal.ok()) return text.locate(equal.status(), join.at);
  return equal;
}

// `both`: a scope of the two sides, whatever joins them.
Result<std::vector<expr::ExprPtr>> conditions_of(const JoinSyntax& join, const Sides& sides, const Scope& both, const QueryText& text) {
  std::vector<expr::ExprPtr> all;
  for (const std::string& name : join.using_columns) {
    LT_ASSIGN_OR_RETURN(all.emplace_back(), using_condition(name, join, sides, text));
  }
  if (!join.on) return all;
  LT_ASSIGN_OR_RETURN(const expr::ExprPtr on, ExpressionBinder(text, both).condition(*join.on, "ON"));
  for (expr::ExprPtr& part : conjuncts_of(on)) all.push_back(std::move(part));
  return all;
}

// Each row of the stream is looked up in the table as its epoch sees it.
Result<Scope> bind_lookup(const JoinSyntax& join, Sides sides, const QueryText& text) {
  const bool table_left = is_static(*sides.left.plan());
  Scope& table = table_left ? sides.left : sides.right;
  const Scope& stream = table_left ? sides.right : sides.left;
  LT_RETURN_IF_ERROR(check_static_rows(table.plan(), "a join", join.at, text));
  if (table_left ? sides.left_outer : sides.right_outer) {
    return text.refuse("sql_unsupported", join.at, "rows of a static table that no row of the stream matches would be known only at its end: put the stream on the side "
                                                   "whose rows all stay (stream LEFT JOIN table), or write an inner JOIN");
  }
  table = table.apart_from(stream);
  Lookup lookup;
  lookup.kind = sides.left_outer || sides.right_outer ? Lookup::Kind::kLeft : Lookup::Kind::kInner;
  lookup.table = table.plan();
  // While its condition is read no side has rows without a match.
  Lookup matched = lookup;
  matched.kind = Lookup::Kind::kInner;
  const Scope both = joined_scope(join, sides, make_lookup_node(stream.plan(), std::move(matched)));
  LT_ASSIGN_OR_RETURN(const auto conditions, conditions_of(join, sides, both, text));
  add_condition(lookup, split(conditions, *table.plan()->output));
  return joined_scope(join, sides, make_lookup_node(stream.plan(), std::move(lookup)));
}

// Rows of both sides are remembered until no partner can come.
Result<Scope> bind_pairs(const JoinSyntax& syntax, Sides sides, const QueryText& text) {
  using enum JoinKind;
  sides.right = sides.right.apart_from(sides.left);
  Join join;
  join.name = "join_" + std::to_string(memories_below(sides.left.plan()) + memories_below(sides.right.plan()) + 1);
  join.left = sides.left.plan();
  join.right = sides.right.plan();
  // While its condition is read no side has rows without a partner.
  const Scope both = joined_scope(syntax, sides, make_join_node(join));
  LT_ASSIGN_OR_RETURN(const auto conditions, conditions_of(syntax, sides, both, text));
  if (std::ranges::any_of(conditions, [](const expr::ExprPtr& one) { return names_epoch(*one); })) {
    return text.refuse("sql_unsupported", syntax.at, "a pair has no epoch before it is found: select _epoch or _pipeline on the side that is meant, as _epoch AS read_in, in a SELECT in FROM");
  }
  join.kind = sides.left_outer ? (sides.right_outer ? kFull : kLeft) : sides.right_outer ? kRight : kInner;
  PlanPtr plan = pair_on(std::move(join), conditions);
  if (!plan) {
    return text.refuse("sql_unsupported", syntax.at, "the condition of an outer join can fail for a pair of rows, as a division does: compute that in a SELECT in FROM, from "
                                                     "one side's columns, or write an inner JOIN");
  }
  if (sides.left_outer && sides.right_outer && !syntax.using_columns.empty()) {
    return text.refuse("sql_unsupported", syntax.at, "FULL JOIN … USING is not supported: write ON, and COALESCE of the two columns in the select list");
  }
  return joined_scope(syntax, sides, std::move(plan));
}

// Which kind of step joins the two sides, by whether their rows come from streams or from static tables.
Result<Scope> bind_join(const JoinSyntax& join, const QueryText& text, const Tables& tables) {
  LT_ASSIGN_OR_RETURN(Scope left, bind_from(join.left, text, tables));
  LT_ASSIGN_OR_RETURN(Scope right, bind_from(join.right, text, tables));
  LT_RETURN_IF_ERROR(check_names(left, right, join.at, text));
  const bool left_static = is_static(*left.plan()), right_static = is_static(*right.plan());
  Sides sides{std::move(left), std::move(right), join.kind == Kind::kLeft || join.kind == Kind::kFull, join.kind == Kind::kRight || join.kind == Kind::kFull};
  if (left_static && right_static) {
    return text.refuse("sql_unsupported", join.at, "two static tables are not joined with one another: join the stream with the first, and the result with the second");
  }
  if (left_static || right_static) return bind_lookup(join, std::move(sides), text);
  return bind_pairs(join, std::move(sides), text);
}

}  // namespace

Status check_static_rows(const PlanPtr& plan, const std::string& what, int at, const QueryText& text) {
  if (!memory_of(plan)) return {};
  return text.refuse("sql_unsupported", at, what + " takes the rows of a static table as they are, not groups of them: write GROUP BY into the table's own query "
                                                   "under tables:, or group what the join gives");
}

Result<Scope> bind_from(const FromSyntax& from, const QueryText& text, const Tables& tables, const RowLimits& limits) {
  return from.join ? bind_join(*from.join, text, tables) : relation_of(from, text, tables, limits);
}

}  // namespace laketide::sql
