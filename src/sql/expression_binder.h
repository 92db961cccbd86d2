// From syntax to bound expressions: names, types, functions and conversions decided.
#pragma once

#include <string>
#include <vector>

#include "expr/expression.h"
#include "laketide/status.h"
#include "sql/query_text.h"
#include "sql/scope.h"
#include "sql/syntax.h"

namespace laketide::sql {

/// Takes some expressions out of a binder's hands. Confined to its task.
class Substitution {
 public:
  virtual ~Substitution() = default;
  /// What stands for an expression; null: what the binder makes of it.
  virtual Result<expr::ExprPtr> substitute(const Syntax& syntax) = 0;
};

/// Binds the expressions of one SELECT by PostgreSQL's rules. Every refusal has its place in the text and says what to write
/// instead. What does not depend on a row is computed here; if that fails where every row would reach it, the query is refused.
/// Confined to its task.
class ExpressionBinder {
 public:
  /// `substitution` is asked about every expression first; null: about none.
  ExpressionBinder(const QueryText& text, const Scope& scope, Substitution* substitution = nullptr)
      : text_(text), scope_(scope), substitution_(substitution) {}

  /// Untyped literals become text.
  Result<expr::ExprPtr> value(const Syntax& syntax);
  /// They stay as they are, for a function to decide.
  Result<expr::ExprPtr> untyped(const Syntax& syntax) { return bind(syntax); }
  /// A boolean for `clause` ("WHERE").
  Result<expr::ExprPtr> condition(const Syntax& syntax, const char* clause);

 private:
  using Form = Result<expr::ExprPtr> (ExpressionBinder::*)(const Syntax&);
  using Args = std::vector<expr::ExprPtr>;

  Result<expr::ExprPtr> bind(const Syntax& syntax);
  Result<Args> bind_all(const std::vector<Syntax>& list);
  Result<expr::ExprPtr> number(const Syntax& syntax);
  Result<expr::ExprPtr> cast(const Syntax& syntax);
  Result<expr::Type> type(const TypeSyntax& syntax);
  Result<expr::Type> plain_type(const TypeSyntax& syntax);
  Result<expr::ExprPtr> call(const Syntax& syntax);

  Result<expr::ExprPtr> junction(const Syntax& syntax);
  Result<expr::ExprPtr> negation(const Syntax& syntax);
  Result<expr::ExprPtr> test(const Syntax& syntax);
  Result<expr::ExprPtr> distinct(const Syntax& syntax);
  Result<expr::ExprPtr> in_list(const Syntax& syntax);
  Result<expr::ExprPtr> between(const Syntax& syntax);
  Result<expr::ExprPtr> like(const Syntax& syntax);
  Result<expr::ExprPtr> case_when(const Syntax& syntax);
  Result<expr::ExprPtr> coalesce(const Syntax& syntax);
  Result<expr::ExprPtr> extreme(const Syntax& syntax);
  Result<expr::ExprPtr> nullif(const Syntax& syntax);
  Result<expr::ExprPtr> concatenate(const Syntax& syntax);
  Result<expr::ExprPtr> join_arrays(Args args, int at);
  Result<expr::ExprPtr> concat(const Syntax& syntax);
  Result<expr::ExprPtr> array(const Syntax& syntax);
  Result<expr::ExprPtr> quantified(const Syntax& syntax);
  Result<expr::ExprPtr> field(const Syntax& syntax);
  Result<expr::ExprPtr> place_value(const Syntax& syntax);

  Result<expr::ExprPtr> apply(std::string_view name, Args args, int at);
  Result<expr::ExprPtr> special(std::string_view name, expr::Type type, Args args, int at);
  Result<expr::ExprPtr> negated_if(bool negated, Result<expr::ExprPtr> made, int at);
  Result<expr::ExprPtr> folded(expr::ExprPtr node, int at);
  /// Brings values to the one type that `form` gives them.
  Result<expr::Type> unify(Args& values, std::string_view form, int at);
  Status check_plain_call(const Syntax& syntax) const;
  Status unknown_function(const std::string& name, const Args& args, int at) const;

  const QueryText& text_;
  const Scope& scope_;
  Substitution* const substitution_;
  int conditional_ = 0;  // depth of forms that may leave a part uncomputed
};

}  // namespace laketide::sql
