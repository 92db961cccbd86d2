// The columns that the expressions of one SELECT can name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "laketide/status.h"
#include "sql/plan.h"
#include "sql/query_text.h"
#include "sql/syntax.h"

namespace laketide::sql {

/// What a column is called in the query, and in the plan: there names are unique also where two tables have the same. Immutable.
struct NamedColumn {
  std::string name;
  std::string column;
};

/// A table or subquery of FROM: the names it answers to, and its columns. Immutable.
struct Relation {
  std::vector<std::string> names;
  std::vector<NamedColumn> columns;
  bool is_static = false;  // no record is behind a row
};

/// What stands in FROM: the plan behind it, its relations, and what can be named. Immutable.
class Scope {
 public:
  /// One relation, whose columns are the plan's output.
  Scope(PlanPtr plan, std::vector<std::string> names);
  /// `columns`: what `*` and names without a table mean, in order (those of USING once).
  Scope(PlanPtr plan, std::vector<Relation> relations, std::vector<NamedColumn> columns)
      : plan_(std::move(plan)), relations_(std::move(relations)), columns_(std::move(columns)) {}

  /// The same with another plan, which has at least its columns; where a name is unknown here, `outer` is asked (it outlives this).
  Scope within(PlanPtr plan, const Scope* outer) const;
  /// The same with the plan's columns called otherwise where `taken` has their names.
  Scope apart_from(const Scope& taken) const;

  const PlanPtr& plan() const { return plan_; }
  /// Whether names that are unknown here are looked for in a query around this one.
  bool is_inner() const { return outer_ != nullptr; }
  const std::vector<Relation>& relations() const { return relations_; }
  const std::vector<NamedColumn>& columns() const { return columns_; }
  /// A column by its name, or by table and name; pseudo-columns too. Fails sql_unknown_column with the nearest name, sql_name for a
  /// name that two tables have.
  Result<expr::ExprPtr> column(const Syntax& syntax, const QueryText& text) const;
  /// What `*` or `t.*` stands for. Fails sql_unknown_table.
  Result<std::vector<NamedColumn>> star(const Syntax& syntax, const QueryText& text) const;
  /// Whether two columns as written are one.
  bool same_column(const Syntax& left, const Syntax& right, const QueryText& text) const;

 private:
  const Relation* relation(std::string_view name) const;
  Status unknown_table(const std::string& table, int at, const QueryText& text) const;
  Status ambiguous(const std::string& name, int at, const QueryText& text) const;
  Status unknown(const std::string& name, int at, const QueryText& text) const;
  expr::ExprPtr reference(const std::string& column, int at, const QueryText& text) const;
  Result<expr::ExprPtr> pseudo_column(const std::string& name, int at, const QueryText& text) const;
  Result<expr::ExprPtr> epoch_column(const std::string& name, bool qualified, int at, const QueryText& text) const;

  PlanPtr plan_;
  std::vector<Relation> relations_;
  std::vector<NamedColumn> columns_;
  const Scope* outer_ = nullptr;
};

}  // namespace laketide::sql
