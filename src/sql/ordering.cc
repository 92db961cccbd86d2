#include "sql/ordering.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <arrow/type.h>

#include "sql/grouping.h"

namespace laketide::sql {
namespace {

// SELECT id AS x … ORDER BY id means a column that the list has.
std::string listed(const expr::Expression& value, const SelectList& list) {
  for (size_t i = 0; value.kind == expr::Expression::Kind::kColumn && i < list.expressions.size(); ++i) {
    if (list.expressions[i]->kind == value.kind && list.expressions[i]->name == value.name) return list.fields[i]->name();
  }
  return {};
}

Result<std::string> column_at(const Syntax& written, std::string_view clause, const QueryText& text, const SelectList& list) {
  size_t place = 0;
  const auto [end, error] = std::from_chars(written.text.data(), written.text.data() + written.text.size(), place);
  const bool whole = error == std::errc() && end == written.text.data() + written.text.size();
  if (whole && place >= 1 && place <= list.visible()) return list.fields[place - 1]->name();
  return text.refuse("sql_order", written.at, "a number in " + std::string(clause) + " is a place in the select list, from 1 to " + std::to_string(list.visible()));
}

}  // namespace

Result<std::string> order_column(const Syntax& written, std::string_view clause, const QueryText& text, SelectList& list, ExpressionBinder* binder) {
  using Kind = Syntax::Kind;
  if (written.kind == Kind::kNumber) return column_at(written, clause, text, list);
  if (written.kind == Kind::kText || written.kind == Kind::kNull || written.kind == Kind::kBoolean) {
    return text.refuse("sql_order", written.at, "a constant in " + std::string(clause) + " orders nothing: leave it out, or name a column");
  }
  const bool bare = written.kind == Kind::kColumn && written.parts.size() == 1;
  const auto named = std::ranges::find_if(list.fields, [&](const auto& field) { return bare && field->name() == written.parts[0]; });
  if (named != list.fields.end()) {
    LT_RETURN_IF_ERROR(check_groupable(expr::Type::of(**named), clause, written.at, text));
    return written.parts[0];
  }
  if (binder == nullptr) return text.refuse("sql_order", written.at, std::string(clause) + " of a UNION names a column of its first SELECT: put the UNION into FROM for anything else");
  LT_ASSIGN_OR_RETURN(expr::ExprPtr value, binder->value(written));
  LT_RETURN_IF_ERROR(check_groupable(value->type, clause, written.at, text));
  std::string known = listed(*value, list);
  return known.empty() ? list.add_hidden(std::move(value)) : known;
}

Result<SelectOrder> select_order(const SelectSyntax& select, const QueryText& text, SelectList& list, ExpressionBinder* binder) {
  SelectOrder order;
  for (const Syntax& key : select.distinct_on) {
    LT_ASSIGN_OR_RETURN(std::string column, order_column(key, "DISTINCT ON", text, list, binder));
    if (std::ranges::find(order.distinct_on, column) == order.distinct_on.end()) order.distinct_on.push_back(std::move(column));
  }
  for (const OrderSyntax& item : select.order_by) {
    const size_t hidden = list.hidden;
    LT_ASSIGN_OR_RETURN(std::string column, order_column(item.value, "ORDER BY", text, list, binder));
    if (select.distinct && list.hidden > hidden) {
      return text.refuse("sql_order", item.value.at, "rows that DISTINCT makes one have no one value of this: ORDER BY a column of the select list");
    }
    order.by.push_back({std::move(column), {item.descending, item.nulls_first}});
  }
  return order;
}

Result<PlanPtr> ordered(const SelectSyntax& select, const QueryText& text, PlanPtr rows, const SelectOrder& order) {
  std::vector<SortKey> rest = order.by;
  if (!order.distinct_on.empty()) {
    const auto is_key = [&](const SortKey& key) { return std::ranges::find(order.distinct_on, key.column) != order.distinct_on.end(); };
    const size_t leading = static_cast<size_t>(std::ranges::find_if_not(rest, is_key) - rest.begin());
    if (std::any_of(rest.begin() + static_cast<long>(leading), rest.end(), is_key) || (leading < order.distinct_on.size() && leading < rest.size())) {
      return text.refuse("sql_order", select.order_by[std::min(leading, rest.size() - 1)].value.at, "ORDER BY begins with the columns of DISTINCT ON, in any order; what follows says which row is first");
    }
    rest.erase(rest.begin(), rest.begin() + static_cast<long>(leading));
    const std::string number = std::to_string(memories_below(rows) + 1);
    const bool placed = !memory_of(rows) && scan_of(*rows).pseudo_columns;
    if (rest.empty() && !placed) {
      return text.refuse("sql_order", select.distinct_on[0].at, "DISTINCT ON takes the first row by topic, partition and offset, and these rows have none: say which one by ORDER BY");
    }
    rows = rest.empty() ? make_first_rows_node(std::move(rows), {"first_rows_" + number, order.distinct_on, "", {}})
                        : make_top_rows_node(std::move(rows), {"top_rows_" + number, text.prefix(select.distinct_on[0].at), order.distinct_on, std::move(rest), 1}, "row_number");
    rest = order.by;
    if (!select.limit && select.offset == 0) return rows;  // it chose the rows; a table has no order
  }
  if (rest.empty() && !select.limit && select.offset == 0) return rows;
  return make_sort_node(std::move(rows), {std::move(rest), select.limit, select.offset});
}

}  // namespace laketide::sql
