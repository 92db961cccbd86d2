#include "sql/explain.h"

#include <arrow/type.h>

#include "sql/interval_text.h"

namespace laketide::sql {
namespace {

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

std::string aggregate_text(const PlanNode& plan, const Aggregate& aggregate) {
  std::string keys = aggregate.window ? window_text(*aggregate.window) : "";
  for (int i = aggregate.first_key(); i < aggregate.first_call(); ++i) {
    keys += (keys.empty() ? "" : ", ") + plan.output->field(i)->name() + " " + expr::Type::of(*plan.output->field(i)).name();
  }
  std::string calls;
  for (int i = aggregate.first_call(); i < plan.output->num_fields(); ++i) {
    calls += (calls.empty() ? ": " : ", ") + call_text(aggregate.calls[static_cast<size_t>(i - aggregate.first_call())]) + " " +
             expr::Type::of(*plan.output->field(i)).name();
  }
  return "Aggregate" + (keys.empty() ? "" : " by " + keys) + calls;
}

std::string step_text(const PlanNode& node) {
  if (const auto* scan = std::get_if<Scan>(&node.step)) return scan_text(node, *scan);
  if (const auto* filter = std::get_if<Filter>(&node.step)) return "Filter " + expr::print(*filter->condition);
  if (const auto* project = std::get_if<Project>(&node.step)) return "Project " + project_text(node, *project);
  return aggregate_text(node, std::get<Aggregate>(node.step));
}

}  // namespace

std::string window_text(const Window& window) {
  using Kind = WindowOptions::Kind;
  const char* const name = window.kind == Kind::kTumble ? "tumble" : window.kind == Kind::kHop ? "hop" : "session";
  std::string text = std::string(name) + "(" + window.time;
  if (window.kind == Kind::kHop) text += ", " + interval_text(window.slide);
  text += ", " + interval_text(window.size);
  if (window.offset != 0) text += ", " + interval_text(window.offset);
  return text + ")";
}

std::string call_text(const Call& call) {
  std::string args;
  for (const std::string& arg : call.args) args += (args.empty() ? "" : ", ") + arg;
  if (args.empty()) args = "*";
  const std::string filter = call.filter.empty() ? "" : " FILTER (WHERE " + call.filter + ")";
  return std::string(call.function->name) + "(" + (call.distinct ? "DISTINCT " : "") + args + ")" + filter;
}

std::string explain(const PlanNode& plan) {
  std::string text;
  std::string indent;
  for (const PlanNode* at = &plan; at != nullptr; at = at->input.get()) {
    text += text.empty() ? "" : "\n" + indent + "└─ ";
    if (at != &plan) indent += "   ";
    text += step_text(*at);
  }
  return text;
}

}  // namespace laketide::sql
