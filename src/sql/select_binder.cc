#include "sql/select_binder.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include <arrow/type.h>

#include "expr/cast.h"
#include "flow/pseudo_columns.h"
#include "sql/expression_binder.h"
#include "sql/from_binder.h"
#include "sql/grouping.h"
#include "sql/join_condition.h"
#include "sql/membership.h"
#include "sql/ordering.h"
#include "sql/ranking.h"
#include "sql/scope.h"
#include "sql/select_list.h"
#include "sql/unnesting.h"

namespace laketide::sql {
namespace {


Status add_star(const Syntax& star, const Scope& scope, const QueryText& text, SelectList& list) {
  LT_ASSIGN_OR_RETURN(const auto columns, scope.star(star, text));
  for (const NamedColumn& column : columns) {
    const auto field = scope.plan()->output->GetFieldByName(column.column);
    expr::ExprPtr value = expr::column(column.column, expr::Type::of(*field), field->nullable(), text.place(star.at));
    LT_RETURN_IF_ERROR(list.add(std::move(value), field->WithName(column.name), star.at, text));
  }
  return {};
}

// `grouping`: null if rows are selected as they are.
Status add_item(const SelectItem& item, ExpressionBinder& binder, const Scope& scope, const Grouping* grouping, const QueryText& text, bool unnamed, SelectList& list) {
  LT_ASSIGN_OR_RETURN(expr::ExprPtr value, binder.value(item.value));
  std::string name = item.alias.empty() ? column_name(item.value) : item.alias;
  if (unnamed && (name.empty() || list.names.contains(name))) name = "?column? #" + std::to_string(list.fields.size() + 1);
  if (name.empty()) return text.refuse("sql_name", item.value.at, "this column has no name: write … AS name");
  // A column that is passed on keeps what its field says beyond the type.
  std::shared_ptr<arrow::Field> field;
  if (value->kind == expr::Expression::Kind::kColumn) {
    const auto known = grouping ? grouping->field(value->name) : scope.plan()->output->GetFieldByName(value->name);
    const bool element = !known && !is_pseudo_column(value->name) && !value->name.starts_with('_');
    field = element ? value->type.field(name, value->nullable) : (known ? known : pseudo_column_field(value->name))->WithName(name);
  } else {
    field = value->type.field(name, value->nullable);
  }
  return list.add(std::move(value), std::move(field), item.value.at, text);
}

bool is_only_star(const SelectSyntax& select) {
  return select.items.size() == 1 && select.items[0].value.kind == Syntax::Kind::kStar;
}

/// Rows and the list to be made of them, before DISTINCT and ORDER BY. Confined to its task.
struct Listed {
  PlanPtr rows;
  SelectList list;
  SelectOrder order;
  bool as_it_is = false;  // SELECT *
};

Result<Listed> bind_list(const SelectSyntax& select, const QueryText& text, const Scope& scope, PlanPtr rows, const RowLimits& limits) {
  Unnesting unnesting(text, scope);
  ExpressionBinder binder(text, scope, &unnesting);
  Listed made;
  Ranking ranking(text, limits);
  for (const SelectItem& item : select.items) {
    if (item.value.kind == Syntax::Kind::kStar) {
      LT_RETURN_IF_ERROR(add_star(item.value, scope, text, made.list));
    } else if (item.value.over) {
      LT_RETURN_IF_ERROR(ranking.add(item, binder, select, made.list));
    } else {
      LT_RETURN_IF_ERROR(add_item(item, binder, scope, nullptr, text, select.unnamed, made.list));
    }
  }
  LT_ASSIGN_OR_RETURN(made.order, select_order(select, text, made.list, &binder));
  made.rows = unnesting.finish(std::move(rows));
  LT_RETURN_IF_ERROR(ranking.finish(made.rows, made.list));
  made.as_it_is = is_only_star(select) && scope.relations().size() == 1 && made.list.all_visible();
  return made;
}

Result<Listed> bind_groups(const SelectSyntax& select, const QueryText& text, const Scope& scope, PlanPtr rows) {
  Grouping grouping(text, scope);
  LT_RETURN_IF_ERROR(grouping.add_keys(select));
  ExpressionBinder binder(text, scope, &grouping);
  Listed made;
  for (const SelectItem& item : select.items) {
    if (item.value.kind == Syntax::Kind::kStar) {
      return text.refuse("sql_grouping", item.value.at, "* is every column of a row, and a group has many rows: name the columns of GROUP BY");
    }
    LT_RETURN_IF_ERROR(add_item(item, binder, scope, &grouping, text, select.unnamed, made.list));
  }
  expr::ExprPtr having;
  if (select.having) {
    LT_ASSIGN_OR_RETURN(having, binder.condition(*select.having, "HAVING"));
  }
  LT_ASSIGN_OR_RETURN(made.order, select_order(select, text, made.list, &binder));
  made.rows = grouping.finish(std::move(rows), select.group_by.empty() ? select.at : select.group_by.front().at);
  if (having) made.rows = make_filter_node(std::move(made.rows), std::move(having));
  return made;
}

// GROUP BY every column.
Result<PlanPtr> distinct(PlanPtr rows, const SelectSyntax& select, const QueryText& text) {
  Aggregate aggregate;
  aggregate.name = "aggregate_" + std::to_string(memories_below(rows) + 1);
  aggregate.written = text.prefix(select.at);
  Schema output = rows->output;
  for (const auto& field : output->fields()) {
    LT_RETURN_IF_ERROR(check_groupable(expr::Type::of(*field), "DISTINCT", select.at, text));
    aggregate.keys.push_back(field->name());
  }
  return make_aggregate_node(std::move(rows), std::move(aggregate), std::move(output));
}

// The list computed, and DISTINCT, ORDER BY and LIMIT done over it.
Result<PlanPtr> finish(const SelectSyntax& select, const QueryText& text, Listed made) {
  PlanPtr plan = made.as_it_is ? std::move(made.rows) : make_project_node(std::move(made.rows), made.list.expressions, made.list.fields);
  if (select.distinct) {
    LT_ASSIGN_OR_RETURN(plan, distinct(std::move(plan), select, text));
  }
  LT_ASSIGN_OR_RETURN(plan, ordered(select, text, std::move(plan), made.order));
  return made.list.visible_of(std::move(plan));
}

// One SELECT of a UNION, whose columns go by their places.
std::shared_ptr<const SelectSyntax> without_names(const SelectSyntax& part) {
  auto made = std::make_shared<SelectSyntax>(part);
  made->unnamed = true;
  if (!made->union_of.empty()) made->union_of[0] = without_names(*made->union_of[0]);
  return made;
}

Result<std::vector<PlanPtr>> union_parts(const SelectSyntax& select, const QueryText& text, const Tables& tables) {
  std::vector<PlanPtr> parts;
  for (const auto& part : select.union_of) {
    LT_ASSIGN_OR_RETURN(PlanPtr plan, bind_select(parts.empty() && !select.unnamed ? *part : *without_names(*part), text, tables));
    if (!parts.empty() && plan->output->num_fields() != parts[0]->output->num_fields()) {
      return text.refuse("sql_type", part->at, "each SELECT of a UNION has the same number of columns: " + std::to_string(parts[0]->output->num_fields()) +
                                                   " in the first, " + std::to_string(plan->output->num_fields()) + " here");
    }
    if (is_static(*plan)) {
      return text.refuse("sql_unsupported", part->at, "a SELECT of a UNION reads a source; this one reads a static table, whose rows come with no record: join with it");
    }
    parts.push_back(std::move(plan));
  }
  return parts;
}

// A literal in quotes, or NULL, has the type of the other SELECTs' columns; none: the item is something else.
expr::ExprPtr untyped_item(const SelectSyntax& part, size_t item, const QueryText& text) {
  const bool plain = part.union_of.empty() && std::none_of(part.items.begin(), part.items.end(), [](const SelectItem& one) { return one.value.kind == Syntax::Kind::kStar; });
  if (!plain) return nullptr;
  const Syntax& value = part.items[item].value;
  if (value.kind == Syntax::Kind::kText) return expr::text_constant(value.text, expr::TypeId::kUnknown, text.place(value.at));
  return value.kind == Syntax::Kind::kNull ? expr::null_constant(expr::TypeId::kUnknown, text.place(value.at)) : nullptr;
}

// Column `i` of each SELECT, in the type that PostgreSQL gives values of all.
Result<std::vector<expr::ExprPtr>> union_column(const SelectSyntax& select, const QueryText& text, const std::vector<PlanPtr>& parts, int i) {
  expr::Type type;
  std::vector<expr::ExprPtr> values;
  for (size_t part = 0; part < parts.size(); ++part) {
    const arrow::Field& field = *parts[part]->output->field(i);
    const expr::Place place = text.place(select.union_of[part]->at);
    expr::ExprPtr value = untyped_item(*select.union_of[part], static_cast<size_t>(i), text);
    if (!value) value = expr::column(field.name(), expr::Type::of(field), field.nullable(), place);
    const auto common = expr::common_type(type, value->type);
    if (!common) {
      return text.refuse("sql_type", select.union_of[part]->at, "column '" + parts[0]->output->field(i)->name() + "' of the UNION is " + type.name() +
                                                                    " in one SELECT and " + value->type.name() + " in another: cast it");
    }
    type = *common;
    values.push_back(std::move(value));
  }
  if (type.id == expr::TypeId::kUnknown) type = expr::TypeId::kText;
  for (expr::ExprPtr& value : values) {
    auto made = expr::cast(value, type, expr::CastContext::kImplicit);
    if (!made.ok()) return text.locate(made.status(), value->place);
    value = *std::move(made);
  }
  return values;
}

// The names of the first SELECT; columns go together by their places.
Result<PlanPtr> bind_union(const SelectSyntax& select, const QueryText& text, const Tables& tables) {
  LT_ASSIGN_OR_RETURN(std::vector<PlanPtr> parts, union_parts(select, text, tables));
  std::vector<std::vector<expr::ExprPtr>> columns(parts.size());
  arrow::FieldVector fields;
  for (int i = 0; i < parts[0]->output->num_fields(); ++i) {
    LT_ASSIGN_OR_RETURN(std::vector<expr::ExprPtr> values, union_column(select, text, parts, i));
    bool nullable = false;
    for (size_t part = 0; part < parts.size(); ++part) {
      nullable |= values[part]->nullable;
      columns[part].push_back(values[part]);
    }
    const auto& named = parts[0]->output->field(i);
    const bool same = expr::Type::of(*named) == values[0]->type;
    fields.push_back(same ? named->WithNullable(nullable) : values[0]->type.field(named->name(), nullable));
  }
  // a UNION ALL b UNION ALL c is written as a UNION within another, and is one.
  std::vector<PlanPtr> branches;
  for (size_t part = 0; part < parts.size(); ++part) {
    const auto* nested = std::get_if<Union>(&parts[part]->step);
    for (const PlanPtr& rows : nested ? nested->branches : std::vector<PlanPtr>{parts[part]}) branches.push_back(make_project_node(rows, columns[part], fields));
  }
  return make_union_node(std::move(branches));
}

bool is_word(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; });
}

}  // namespace

// PostgreSQL's FigureColname: a column's or function's name, a cast's argument's or else its type's.
std::string column_name(const Syntax& value) {
  if (value.kind == Syntax::Kind::kColumn) return value.parts.back();
  if (value.kind == Syntax::Kind::kCast) {
    const std::string inner = column_name(value.args[0]);
    return inner.empty() || value.args[0].text == "CASE" ? value.type.name : inner;
  }
  static const std::set<std::string_view> kNamed{"CASE", "COALESCE", "NULLIF", "GREATEST", "LEAST"};
  if (value.kind == Syntax::Kind::kCall && value.text == ".") return value.args[1].text;
  if (value.kind != Syntax::Kind::kCall || !is_word(value.text)) return {};
  if (value.text == "CASE") {
    const std::string rest = value.args.back().kind == Syntax::Kind::kNull ? "" : column_name(value.args.back());
    return rest.empty() ? "case" : rest;
  }
  if (std::isupper(static_cast<unsigned char>(value.text.front())) && !kNamed.contains(value.text)) return {};
  std::string name = value.text;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

Result<PlanPtr> bind_select(const SelectSyntax& select, const QueryText& text, const Tables& outer, const RowLimits& limits) {
  Tables tables = outer;
  for (const NamedSelect& named : select.with) {
    LT_ASSIGN_OR_RETURN(tables[named.name], bind_select(*named.select, text, tables, row_limits(select, named.name)));
  }
  if (!select.union_of.empty()) {
    Listed all;
    LT_ASSIGN_OR_RETURN(all.rows, bind_union(select, text, tables));
    LT_RETURN_IF_ERROR(add_star({}, Scope(all.rows, {}), text, all.list));
    LT_ASSIGN_OR_RETURN(all.order, select_order(select, text, all.list, nullptr));
    all.as_it_is = true;
    return finish(select, text, std::move(all));
  }
  LT_ASSIGN_OR_RETURN(Scope scope, bind_from(select.from, text, tables, row_limits(select)));
  PlanPtr plan = scope.plan();
  if (select.where) {
    LT_ASSIGN_OR_RETURN(JoinedRows joined, join_members(*select.where, scope, text, tables));
    if (joined.rows != plan) scope = scope.within(joined.rows, nullptr);
    plan = std::move(joined.rows);
    if (joined.rest) {
      Membership membership(text, scope, tables);
      LT_ASSIGN_OR_RETURN(const expr::ExprPtr condition, ExpressionBinder(text, scope, &membership).condition(*joined.rest, "WHERE"));
      plan = filter_rows(membership.finish(std::move(plan)), condition);
    }
  }
  LT_ASSIGN_OR_RETURN(Listed made, is_grouped(select) ? bind_groups(select, text, scope, std::move(plan)) : bind_list(select, text, scope, std::move(plan), limits));
  return finish(select, text, std::move(made));
}

}  // namespace laketide::sql
