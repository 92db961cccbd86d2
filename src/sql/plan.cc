#include "sql/plan.h"

#include <algorithm>
#include <utility>

#include <arrow/type.h>

#include "flow/pseudo_columns.h"
#include "operators/filter.h"
#include "operators/project.h"

namespace laketide::sql {
namespace {

using Operators = std::vector<std::unique_ptr<Operator>>;

PlanPtr node(std::variant<Scan, Filter, Project> step, PlanPtr input, Schema output) {
  return std::make_shared<const PlanNode>(PlanNode{std::move(step), std::move(input), std::move(output)});
}

Schema fields_in(const arrow::Schema& all, const std::set<std::string>& names) {
  arrow::FieldVector kept;
  for (const auto& field : all.fields()) {
    if (names.contains(field->name())) kept.push_back(field);
  }
  return arrow::schema(std::move(kept));
}

PlanPtr prune_scan(const PlanNode& plan, const std::set<std::string>& needed) {
  Scan scan = std::get<Scan>(plan.step);
  Schema output = fields_in(*plan.output, needed);
  // A decoder always has something to decode: that a record can be decoded at all is part of what a row means.
  if (output->num_fields() == 0 && plan.output->num_fields() > 0) output = arrow::schema({plan.output->field(0)});
  for (const std::string& name : needed) {
    const bool known = std::find(scan.hidden.begin(), scan.hidden.end(), name) != scan.hidden.end();
    if (!known && is_record_pseudo_column(name) && plan.output->GetFieldIndex(name) < 0) scan.hidden.push_back(name);
  }
  return make_scan(std::move(scan), std::move(output));
}

PlanPtr prune_project(const PlanNode& plan, const std::set<std::string>& needed) {
  const auto& project = std::get<Project>(plan.step);
  std::vector<expr::ExprPtr> expressions;
  arrow::FieldVector fields;
  std::set<std::string> below = needed;  // what is not computed here comes from further down
  for (const auto& field : plan.output->fields()) below.erase(field->name());
  for (int i = 0; i < plan.output->num_fields(); ++i) {
    const bool last_chance = fields.empty() && i + 1 == plan.output->num_fields();
    if (!needed.contains(plan.output->field(i)->name()) && !last_chance) continue;
    fields.push_back(plan.output->field(i));
    expressions.push_back(project.expressions[static_cast<size_t>(i)]);
    expr::collect_columns(*expressions.back(), below);
  }
  return make_project_node(prune(plan.input, below), std::move(expressions), std::move(fields));
}

std::string columns_text(const arrow::Schema& schema) {
  std::string text;
  for (const auto& field : schema.fields()) text += (text.empty() ? "" : ", ") + field->name() + " " + expr::Type::of(*field).name();
  return text;
}

std::string project_text(const PlanNode& plan, const Project& project) {
  std::string text;
  for (int i = 0; i < plan.output->num_fields(); ++i) {
    const std::string printed = expr::print(*project.expressions[static_cast<size_t>(i)]);
    const std::string& name = plan.output->field(i)->name();
    text += (i > 0 ? ", " : "") + printed + (printed == name ? "" : " AS " + name);
    text += " " + expr::Type::of(*plan.output->field(i)).name();
  }
  return text;
}

std::string scan_text(const PlanNode& plan, const Scan& scan) {
  std::string text = "Scan " + scan.origin.source + ": " + columns_text(*plan.output);
  for (size_t i = 0; i < scan.hidden.size(); ++i) text += (i == 0 ? "; hidden " : ", ") + scan.hidden[i];
  return text;
}

/// Builds the operators of a plan from the source upwards. Confined to its task.
class Lowering {
 public:
  Lowering(const Scan& scan, const Decoded& decoded, Context& context) : scan_(scan), context_(context) {
    arrow::FieldVector fields = decoded.columns->fields();
    visible_ = decoded.columns->num_fields();
    for (const std::string& name : decoded.hidden) fields.push_back(pseudo_column_field(name));
    schema_ = arrow::schema(std::move(fields));
  }

  Status lower(const PlanNode& plan) {
    if (plan.input) LT_RETURN_IF_ERROR(lower(*plan.input));
    if (const auto* filter = std::get_if<Filter>(&plan.step)) return add_filter(plan, *filter);
    if (const auto* project = std::get_if<Project>(&plan.step)) return add_project(plan, *project);
    return {};
  }
  Operators take() { return std::move(operators_); }

 private:
  Status add_filter(const PlanNode& plan, const Filter& filter) {
    FilterOptions options;
    LT_ASSIGN_OR_RETURN(options.condition, expr::resolve(filter.condition, *schema_));
    options.input = schema_;
    options.origin = scan_.origin;
    for (const auto& field : plan.output->fields()) options.keep.push_back(position_of(field->name()));
    for (int i = visible_; i < schema_->num_fields(); ++i) options.keep.push_back(i);
    become(plan.output->fields());
    operators_.push_back(make_filter(std::move(options), context_));
    return {};
  }

  Status add_project(const PlanNode& plan, const Project& project) {
    if (changes_nothing(plan, project)) return {};
    ProjectOptions options;
    for (const expr::ExprPtr& expression : project.expressions) {
      LT_ASSIGN_OR_RETURN(expr::ExprPtr resolved, expr::resolve(expression, *schema_));
      options.expressions.push_back(std::move(resolved));
    }
    options.input = schema_;
    options.input_visible = visible_;
    options.origin = scan_.origin;
    become(plan.output->fields());
    options.output = schema_;
    operators_.push_back(make_project(std::move(options), context_));
    return {};
  }

  int position_of(const std::string& name) const {
    const auto places = schema_->GetAllFieldIndices(name);
    return places.empty() ? -1 : *std::min_element(places.begin(), places.end());
  }

  bool changes_nothing(const PlanNode& plan, const Project& project) const {
    if (plan.output->num_fields() != visible_) return false;
    for (int i = 0; i < visible_; ++i) {
      const expr::Expression& expression = *project.expressions[static_cast<size_t>(i)];
      const std::string& name = schema_->field(i)->name();
      if (expression.kind != expr::Expression::Kind::kColumn || expression.name != name || plan.output->field(i)->name() != name) return false;
    }
    return true;
  }

  // The batches behind the step just added: new visible columns, the same hidden ones.
  void become(arrow::FieldVector fields) {
    const int visible = static_cast<int>(fields.size());
    for (int i = visible_; i < schema_->num_fields(); ++i) fields.push_back(schema_->field(i));
    schema_ = arrow::schema(std::move(fields));
    visible_ = visible;
  }

  const Scan& scan_;
  Context& context_;
  Schema schema_;
  int visible_ = 0;
  Operators operators_;
};

}  // namespace

PlanPtr make_scan(Scan scan, Schema output) { return node(std::move(scan), nullptr, std::move(output)); }

PlanPtr make_filter_node(PlanPtr input, expr::ExprPtr condition) {
  Schema output = input->output;
  return node(Filter{std::move(condition)}, std::move(input), std::move(output));
}

PlanPtr make_project_node(PlanPtr input, std::vector<expr::ExprPtr> expressions, std::vector<std::shared_ptr<arrow::Field>> fields) {
  return node(Project{std::move(expressions)}, std::move(input), arrow::schema(std::move(fields)));
}

const Scan& scan_of(const PlanNode& plan) { return plan.input ? scan_of(*plan.input) : std::get<Scan>(plan.step); }

bool can_fail(const PlanNode& plan) {
  if (plan.input && can_fail(*plan.input)) return true;
  if (const auto* filter = std::get_if<Filter>(&plan.step)) return expr::can_fail(*filter->condition);
  const auto* project = std::get_if<Project>(&plan.step);
  return project && std::any_of(project->expressions.begin(), project->expressions.end(), [](const auto& one) { return expr::can_fail(*one); });
}

PlanPtr prune(const PlanPtr& plan, const std::set<std::string>& needed) {
  if (std::holds_alternative<Scan>(plan->step)) return prune_scan(*plan, needed);
  if (std::holds_alternative<Project>(plan->step)) return prune_project(*plan, needed);
  const auto& filter = std::get<Filter>(plan->step);
  std::set<std::string> below = needed;
  expr::collect_columns(*filter.condition, below);
  return node(filter, prune(plan->input, below), fields_in(*plan->output, needed));
}

std::string explain(const PlanNode& plan) {
  std::string text;
  std::string indent;
  for (const PlanNode* at = &plan; at != nullptr; at = at->input.get()) {
    text += text.empty() ? "" : "\n" + indent + "└─ ";
    if (!text.empty() && at != &plan) indent += "   ";
    if (const auto* scan = std::get_if<Scan>(&at->step)) text += scan_text(*at, *scan);
    if (const auto* filter = std::get_if<Filter>(&at->step)) text += "Filter " + expr::print(*filter->condition);
    if (const auto* project = std::get_if<Project>(&at->step)) text += "Project " + project_text(*at, *project);
  }
  return text;
}

Result<Operators> make_operators(const PlanNode& plan, const Decoded& decoded, Context& context) {
  Lowering lowering(scan_of(plan), decoded, context);
  LT_RETURN_IF_ERROR(lowering.lower(plan));
  return lowering.take();
}

}  // namespace laketide::sql
