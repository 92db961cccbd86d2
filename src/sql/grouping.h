// GROUP BY: the keys, the window and the aggregates of one SELECT while it is bound.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/expression_binder.h"
#include "sql/plan.h"
#include "sql/query_text.h"
#include "sql/scope.h"
#include "sql/syntax.h"
#include "sql/unnesting.h"

namespace laketide::sql {

/// Whether a SELECT has GROUP BY, HAVING or an aggregate in its list.
bool is_grouped(const SelectSyntax& select);
/// tumble, hop, session.
bool is_window_function(std::string_view name);
/// Refuses a type whose values cannot be told apart, for `what` ("GROUP BY").
Status check_groupable(const expr::Type& type, std::string_view what, int at, const QueryText& text);

/// Takes, from the expressions above GROUP BY, what the groups give: a key, window_start and window_end, an aggregate's call. Whatever
/// else names a column is refused, with PostgreSQL's meaning of "grouped". What keys, arguments and conditions of FILTER compute
/// from a row becomes columns of a Project below. Confined to its task.
class Grouping final : public Substitution {
 public:
  Grouping(const QueryText& text, const Scope& scope) : text_(text), scope_(scope), unnesting_(text, scope), rows_(text, scope, &unnesting_) {}

  /// Reads GROUP BY as PostgreSQL does: a number is a place in the select list, a name a column of FROM or else of the list.
  Status add_keys(const SelectSyntax& select);
  Result<expr::ExprPtr> substitute(const Syntax& syntax) override;
  /// The field of a column that `substitute` gave.
  std::shared_ptr<arrow::Field> field(const std::string& name) const;
  /// The Aggregate over the rows of `input`, with everything that was asked for until now; it is written at `at`.
  PlanPtr finish(PlanPtr input, int at) const;

 private:
  /// What a row gives to its group: a column of the Project below.
  struct Computed {
    expr::ExprPtr expression;
    std::string name;
  };
  struct Key {
    Syntax syntax;
    std::string input;
    std::shared_ptr<arrow::Field> field;  // of the output
  };
  struct Made {
    Call call;
    std::shared_ptr<arrow::Field> field;
  };

  Result<const Syntax*> key_syntax(const Syntax& written, const SelectSyntax& select) const;
  Status add_key(const Syntax& syntax);
  Status add_window(const Syntax& call);
  Result<int64_t> interval(const Syntax& syntax, const std::string& function) const;
  Result<expr::ExprPtr> aggregate(const Syntax& syntax);
  Result<Call> call(const Syntax& syntax);
  bool is_same(const Syntax& left, const Syntax& right) const;
  Status refuse_column(const Syntax& syntax) const;
  std::string compute(expr::ExprPtr expression);
  std::string free_name(std::string wanted) const;
  expr::ExprPtr reference(const arrow::Field& field, int at) const;

  const QueryText& text_;
  const Scope& scope_;
  Unnesting unnesting_;    // of keys that are the elements of an array
  ExpressionBinder rows_;  // of expressions over the rows below
  std::vector<Computed> computed_;
  std::optional<Window> window_;
  std::vector<std::shared_ptr<arrow::Field>> window_fields_;
  std::vector<Key> keys_;
  std::vector<Made> made_;
};

}  // namespace laketide::sql
