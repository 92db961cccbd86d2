#include "sql/ranking.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include <arrow/type.h>

#include "operators/top_rows.h"
#include "sql/grouping.h"

namespace laketide::sql {
namespace {

using Kind = Syntax::Kind;

std::optional<int64_t> whole_number(const Syntax& syntax) {
  int64_t number = 0;
  if (syntax.kind != Kind::kNumber) return std::nullopt;
  const auto [end, error] = std::from_chars(syntax.text.data(), syntax.text.data() + syntax.text.size(), number);
  if (error != std::errc() || end != syntax.text.data() + syntax.text.size()) return std::nullopt;
  return number;
}

void add_limit(RowLimits& limits, const std::string& column, int64_t most) {
  const auto [known, added] = limits.emplace(column, most);
  if (!added) known->second = std::min(known->second, most);
}

void collect_limits(const Syntax& condition, RowLimits& limits) {
  if (condition.kind != Kind::kCall) return;
  if (condition.text == "AND") {
    for (const Syntax& part : condition.args) collect_limits(part, limits);
    return;
  }
  if (condition.text == "BETWEEN" && condition.args[0].kind == Kind::kColumn) {
    if (const auto most = whole_number(condition.args[2])) add_limit(limits, condition.args[0].parts.back(), *most);
    return;
  }
  static const std::map<std::string_view, std::string_view> kTurned{{"<=", ">="}, {"<", ">"}, {"=", "="}, {">=", "<="}, {">", "<"}};
  const auto turned = kTurned.find(condition.text);
  if (turned == kTurned.end() || condition.args.size() != 2) return;
  const bool column_first = condition.args[0].kind == Kind::kColumn;
  const std::string_view op = column_first ? std::string_view(condition.text) : turned->second;
  const Syntax& column = condition.args[column_first ? 0 : 1];
  const auto number = whole_number(condition.args[column_first ? 1 : 0]);
  if (column.kind != Kind::kColumn || !number || op == ">" || op == ">=") return;
  add_limit(limits, column.parts.back(), op == "<" ? *number - 1 : *number);
}

// The limits that every reader of `with` sets, the largest of each.
void merge_readers(const SelectSyntax& select, const std::string& with, std::optional<RowLimits>& all) {
  for (const NamedSelect& named : select.with) merge_readers(*named.select, with, all);
  for (const auto& part : select.union_of) merge_readers(*part, with, all);
  if (!select.union_of.empty()) return;
  if (select.from.subquery) return merge_readers(*select.from.subquery, with, all);
  if (select.from.table != with) return;
  RowLimits its = row_limits(select);
  if (!all) {
    all = std::move(its);
    return;
  }
  std::erase_if(*all, [&](const auto& known) { return !its.contains(known.first); });
  for (auto& [column, most] : *all) most = std::max(most, its[column]);
}

}  // namespace

RowLimits row_limits(const SelectSyntax& select) {
  RowLimits limits;
  if (select.where) collect_limits(*select.where, limits);
  return limits;
}

RowLimits row_limits(const SelectSyntax& select, const std::string& with) {
  std::optional<RowLimits> all;
  merge_readers(select, with, all);
  return all.value_or(RowLimits());
}

Status Ranking::add(const SelectItem& item, ExpressionBinder& binder, const SelectSyntax& select, const SelectList& list) {
  const Syntax& call = item.value;
  const std::string name = item.alias.empty() ? call.text : item.alias;
  if (!name_.empty()) return text_.refuse("sql_unsupported", call.at, "a SELECT numbers its rows once: number them again in an outer SELECT");
  if (select.distinct || !select.distinct_on.empty() || !select.order_by.empty() || select.limit || select.offset > 0) {
    return text_.refuse("sql_unsupported", call.at, "row_number() stands in a SELECT without DISTINCT, ORDER BY and LIMIT of its own: write them around it");
  }
  const auto limit = limits_.find(name);
  if (limit == limits_.end()) {
    return text_.refuse("sql_unsupported", call.at, "row_number() would number rows without end; say how many to keep: SELECT * FROM (SELECT …, row_number() OVER (…) AS " +
                                                         name + " FROM …) AS numbered WHERE " + name + " <= 10");
  }
  if (limit->second > TopRowsOptions::kCountMax) {
    return text_.refuse("sql_unsupported", call.at, "row_number() keeps up to " + std::to_string(TopRowsOptions::kCountMax) + " rows of a key, and WHERE asks for " + std::to_string(limit->second));
  }
  name_ = name;
  at_ = call.at;
  place_ = list.fields.size();
  count_ = std::max<int64_t>(1, limit->second);
  for (const Syntax& key : call.over->partition_by) {
    LT_ASSIGN_OR_RETURN(expr::ExprPtr value, binder.value(key));
    LT_RETURN_IF_ERROR(check_groupable(value->type, "PARTITION BY", key.at, text_));
    keys_.push_back({std::move(value), {}, key.at});
  }
  for (const OrderSyntax& by : call.over->order_by) {
    LT_ASSIGN_OR_RETURN(expr::ExprPtr value, binder.value(by.value));
    LT_RETURN_IF_ERROR(check_groupable(value->type, "ORDER BY", by.value.at, text_));
    order_.push_back({std::move(value), {by.descending, by.nulls_first}, by.value.at});
  }
  return {};
}

Status Ranking::finish(PlanPtr& rows, SelectList& list) const {
  if (name_.empty()) return {};
  SelectList below = list;
  const auto column = [&](const Item& item) {
    for (size_t i = 0; item.value->kind == expr::Expression::Kind::kColumn && i < below.expressions.size(); ++i) {
      if (below.expressions[i]->kind == item.value->kind && below.expressions[i]->name == item.value->name) return below.fields[i]->name();
    }
    return below.add_hidden(item.value);
  };
  TopRows top{"top_rows_" + std::to_string(memories_below(rows) + 1), text_.prefix(at_), {}, {}, count_};
  for (const Item& key : keys_) {
    const std::string name = column(key);
    if (std::ranges::find(top.keys, name) == top.keys.end()) top.keys.push_back(name);
  }
  for (const Item& by : order_) top.order.push_back({column(by), by.order});
  rows = make_top_rows_node(make_project_node(std::move(rows), below.expressions, below.fields), std::move(top), name_);
  for (size_t i = 0; i < list.fields.size(); ++i) list.expressions[i] = column_of(*list.fields[i]);
  const auto& number = rows->output->fields().back();
  LT_RETURN_IF_ERROR(list.add(column_of(*number), number, at_, text_));
  std::rotate(list.fields.begin() + static_cast<long>(place_), list.fields.end() - 1, list.fields.end());
  std::rotate(list.expressions.begin() + static_cast<long>(place_), list.expressions.end() - 1, list.expressions.end());
  return {};
}

}  // namespace laketide::sql
