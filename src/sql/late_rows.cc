// The rows that a query's windows take no longer, out of the steps below its GROUP BY.
#include <utility>

#include <arrow/type.h>

#include "flow/pseudo_columns.h"
#include "sql/event_time.h"
#include "sql/explain.h"
#include "sql/query.h"
#include "sql/select_list.h"

namespace laketide::sql {
namespace {

Status refuse(const std::string& why) { return Status::user("bad_late_rows", why, "late_rows"); }

// The source's columns go along under names that no query can give.
std::string carried(const std::string& name) { return "source." + name; }

/// The same rows with every column of the source beside what the steps made of them.
Result<PlanPtr> widened(const PlanNode& plan) {
  if (const auto* scan = std::get_if<Scan>(&plan.step)) {
    Scan whole = *scan;
    whole.hidden = place_columns(scan->origin);
    std::vector<expr::ExprPtr> columns;
    arrow::FieldVector fields;
    for (const auto& field : scan->all->fields()) {
      columns.push_back(column_of(*field));
      fields.push_back(field);
    }
    for (const auto& field : scan->all->fields()) {
      columns.push_back(column_of(*field));
      fields.push_back(field->WithName(carried(field->name())));
    }
    return make_project_node(make_scan(std::move(whole), scan->all), std::move(columns), std::move(fields));
  }
  const auto* filter = std::get_if<Filter>(&plan.step);
  const auto* project = std::get_if<Project>(&plan.step);
  if (!filter && !project) return refuse("the rows of this query are no longer the source's when they reach GROUP BY (unnest, UNION, deduplicate), so that late ones cannot be kept as they came: remove late_rows");
  LT_ASSIGN_OR_RETURN(PlanPtr input, widened(*plan.input));
  if (filter) return make_filter_node(std::move(input), filter->condition);
  std::vector<expr::ExprPtr> columns = project->expressions;
  arrow::FieldVector fields = plan.output->fields();
  for (const auto& field : scan_of(*input).all->fields()) {
    fields.push_back(field->WithName(carried(field->name())));
    columns.push_back(column_of(*fields.back()));
  }
  return make_project_node(std::move(input), std::move(columns), std::move(fields));
}

PlanPtr lowest(PlanPtr memory) {
  for (PlanPtr below = memory_of(memory->input); below; below = memory_of(memory->input)) memory = below;
  return memory;
}

}  // namespace

Result<BoundQuery> bind_late_rows(const BoundQuery& query) {
  if (!query.memory) return refuse("no row is late for a query without windows: remove late_rows, or GROUP BY tumble(ts, INTERVAL '10 seconds')");
  const PlanPtr memory = lowest(query.memory);
  if (std::holds_alternative<Union>(memory->step)) {
    return refuse("the SELECTs of this UNION ALL have windows of their own, and late rows of one are not late for another: make a pipeline for each, or remove late_rows");
  }
  const auto* aggregate = std::get_if<Aggregate>(&memory->step);
  if (!aggregate || !aggregate->window || !window_follows_event_time(*memory)) {
    return refuse("late rows are kept for a window over event time: declare event_time under the source, GROUP BY tumble(ts, INTERVAL '10 seconds'), or remove late_rows");
  }
  if (aggregate->window->kind == WindowOptions::Kind::kSession) {
    return refuse("a late row of a session may join sessions that are over, and no table of rows can say so: late rows of sessions are counted and not kept; remove late_rows");
  }
  LT_ASSIGN_OR_RETURN(PlanPtr rows, widened(*memory->input));
  const Scan& scan = scan_of(*rows);
  for (const char* border : {"window_start", "window_end"}) {
    if (scan.all->GetFieldIndex(border) >= 0) return refuse("the table of late rows has a column of this name itself, and so has the source: " + std::string(border));
  }
  rows = make_late_rows_node(std::move(rows), *aggregate->window);
  std::vector<expr::ExprPtr> columns;
  arrow::FieldVector fields;
  const auto add = [&](const std::shared_ptr<arrow::Field>& from, const std::string& name) {
    columns.push_back(column_of(*from));
    fields.push_back(from->WithName(name));
  };
  for (int i = 0; i < 2; ++i) add(rows->output->field(i), rows->output->field(i)->name());
  for (const auto& field : scan.all->fields()) add(field->WithName(carried(field->name())), field->name());
  for (const std::string& place : scan.hidden) add(pseudo_column_field(place), place);
  BoundQuery late;
  late.columns = scan.all;
  late.hidden = scan.hidden;
  late.plan = make_project_node(std::move(rows), std::move(columns), std::move(fields));
  late.output = late.plan->output;
  late.whole = late.plan;
  late.explain = explain(*late.plan, {});
  return late;
}

}  // namespace laketide::sql
