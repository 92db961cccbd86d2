#include "sql/select_list.h"

#include <utility>

#include <arrow/type.h>

#include "flow/change.h"
#include "flow/pseudo_columns.h"

namespace laketide::sql {

expr::ExprPtr column_of(const arrow::Field& field, expr::Place place) { return expr::column(field.name(), expr::Type::of(field), field.nullable(), place); }

Status SelectList::add(expr::ExprPtr expression, std::shared_ptr<arrow::Field> field, int at, const QueryText& text) {
  if (!names.insert(field->name()).second) {
    return text.refuse("sql_name", at, "two columns are called '" + field->name() + "': name one of them with AS");
  }
  if (field->name() == kChangeColumn) {
    return text.refuse("sql_name", at, "'_change' says what a row does to the result: choose another name");
  }
  const bool itself = expression->kind == expr::Expression::Kind::kColumn && expression->name == field->name();
  if (is_pseudo_column(field->name()) && !itself) {
    return text.refuse("sql_name", at, "'" + field->name() + "' says where a record came from: choose another name");
  }
  expressions.push_back(std::move(expression));
  fields.push_back(std::move(field));
  return {};
}

std::string SelectList::add_hidden(expr::ExprPtr expression) {
  const std::string printed = expr::print(*expression);
  std::string name = printed;
  for (int number = 2; !names.insert(name).second; ++number) name = printed + " #" + std::to_string(number);
  fields.push_back(expression->type.field(name, expression->nullable));
  expressions.push_back(std::move(expression));
  ++hidden;
  return name;
}

PlanPtr SelectList::visible_of(PlanPtr plan) const {
  if (static_cast<size_t>(plan->output->num_fields()) == visible()) return plan;
  std::vector<expr::ExprPtr> columns;
  for (size_t i = 0; i < visible(); ++i) columns.push_back(column_of(*plan->output->field(static_cast<int>(i))));
  return make_project_node(std::move(plan), std::move(columns), {fields.begin(), fields.begin() + static_cast<long>(visible())});
}

}  // namespace laketide::sql
