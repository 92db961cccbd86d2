#include "sql/unnesting.h"

#include <algorithm>
#include <utility>

#include <arrow/type.h>

namespace laketide::sql {

Result<expr::ExprPtr> Unnesting::substitute(const Syntax& syntax) {
  if (syntax.kind != Syntax::Kind::kCall || syntax.text != "unnest") return expr::ExprPtr();
  if (syntax.args.size() != 1) return text_.refuse("sql_function", syntax.at, "unnest takes one array; several stand side by side: unnest(a), unnest(b)");
  LT_ASSIGN_OR_RETURN(expr::ExprPtr array, rows_.value(syntax.args[0]));
  if (array->type.id != expr::TypeId::kArray) {
    return text_.refuse("sql_type", syntax.args[0].at, "unnest needs an array, and this is " + array->type.name() + ": string_to_array(text, ' ') splits a text into one");
  }
  std::string name = "unnest";
  const auto taken = [&] {
    if (scope_.plan()->output->GetFieldIndex(name) >= 0) return true;
    return std::any_of(fields_.begin(), fields_.end(), [&](const auto& field) { return field->name() == name; });
  };
  for (int number = 2; taken(); ++number) name = "unnest_" + std::to_string(number);
  fields_.push_back(array->type.element->field(name, true));
  expr::ExprPtr element = expr::column(name, *array->type.element, true, text_.place(syntax.at));
  arrays_.push_back(std::move(array));
  return element;
}

PlanPtr Unnesting::finish(PlanPtr rows) const {
  return arrays_.empty() ? rows : make_unnest_node(std::move(rows), arrays_, fields_);
}

}  // namespace laketide::sql
