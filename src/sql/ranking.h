// row_number() OVER (PARTITION BY … ORDER BY …) of which the SELECT around it keeps the first rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sql/expression_binder.h"
#include "sql/select_binder.h"
#include "sql/select_list.h"

namespace laketide::sql {

/// What WHERE says of the columns of FROM: rn <= 10, rn < 11, rn = 1, rn BETWEEN 1 AND 10.
RowLimits row_limits(const SelectSyntax& select);
/// The same for a query of WITH: what every SELECT that reads it says.
RowLimits row_limits(const SelectSyntax& select, const std::string& with);

/// Takes the one row_number() out of a select list and puts its step below the list. Confined to its task.
class Ranking {
 public:
  Ranking(const QueryText& text, const RowLimits& limits) : text_(text), limits_(limits) {}

  /// Its keys and order become hidden columns of `list`, in finish() when the rest of the list is known.
  Status add(const SelectItem& item, ExpressionBinder& binder, const SelectSyntax& select, const SelectList& list);
  /// Without a row_number() nothing happens. Else `rows` gives every column of the list, and the list passes them on.
  Status finish(PlanPtr& rows, SelectList& list) const;

 private:
  struct Item {
    expr::ExprPtr value;
    KeyOrder order;
    int at = 0;
  };

  const QueryText& text_;
  const RowLimits& limits_;
  std::string name_;  // empty: there is none
  int at_ = 0;
  size_t place_ = 0;  // in the list
  int64_t count_ = 0;
  std::vector<Item> keys_, order_;
};

}  // namespace laketide::sql
