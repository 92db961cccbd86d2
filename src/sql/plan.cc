#include "sql/plan.h"

#include <algorithm>
#include <utility>

#include <arrow/type.h>

#include "flow/pseudo_columns.h"

namespace laketide::sql {
namespace {

PlanPtr node(PlanStep step, PlanPtr input, Schema output) {
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

// Every array stays: also one that nobody reads makes rows.
PlanPtr prune_unnest(const PlanNode& plan, const std::set<std::string>& needed) {
  const auto& unnest = std::get<Unnest>(plan.step);
  std::set<std::string> kept = needed, below = needed;
  for (size_t i = 0; i < unnest.arrays.size(); ++i) {
    const std::string& name = plan.output->field(static_cast<int>(i))->name();
    kept.insert(name);
    below.erase(name);
  }
  for (const expr::ExprPtr& array : unnest.arrays) expr::collect_columns(*array, below);
  return node(unnest, prune(plan.input, below), fields_in(*plan.output, kept));
}

// What the steps above need, and what the join itself compares, each from its own side.
PlanPtr prune_lookup(const PlanNode& plan, const std::set<std::string>& needed) {
  Lookup lookup = std::get<Lookup>(plan.step);
  std::set<std::string> below = needed, table;
  below.erase(lookup.mark);
  if (lookup.condition) expr::collect_columns(*lookup.condition, below);
  for (const auto& field : lookup.table->output->fields()) {
    if (below.erase(field->name()) > 0) table.insert(field->name());
  }
  for (const expr::ExprPtr& key : lookup.keys) expr::collect_columns(*key, below);
  for (const expr::ExprPtr& key : lookup.table_keys) expr::collect_columns(*key, table);
  lookup.table = prune(lookup.table, table);
  return node(std::move(lookup), prune(plan.input, below), fields_in(*plan.output, needed));
}

// One side of a join: the order of its rows is that of the records, and where they come from is told when one of them fails.
PlanPtr prune_side(const PlanPtr& side, const std::vector<expr::ExprPtr>& keys, const std::set<std::string>& needed) {
  std::set<std::string> below;
  for (const std::string& name : needed) {
    if (side->output->GetFieldIndex(name) >= 0) below.insert(name);
  }
  for (const expr::ExprPtr& key : keys) expr::collect_columns(*key, below);
  const Scan& scan = scan_of(*side);
  if (!memory_of(side) && scan.pseudo_columns) {
    for (std::string& place : place_columns(scan.origin)) below.insert(std::move(place));
  }
  return prune(side, below);
}

PlanPtr prune_join(const PlanNode& plan, const std::set<std::string>& needed) {
  Join join = std::get<Join>(plan.step);
  std::set<std::string> below = needed;
  if (join.condition) expr::collect_columns(*join.condition, below);
  for (const TimeBound& bound : join.bounds) below.insert({bound.left, bound.right});
  join.left = prune_side(join.left, join.left_keys, below);
  join.right = prune_side(join.right, join.right_keys, below);
  return node(std::move(join), nullptr, fields_in(*plan.output, needed));
}

// All that a branch gives, and where its rows come from if one can be refused.
PlanPtr whole_branch(const PlanPtr& branch) {
  const std::vector<std::string> names = branch->output->field_names();
  std::set<std::string> needed(names.begin(), names.end());
  const Scan& scan = scan_of(*branch);
  if (!memory_of(branch) && scan.pseudo_columns && can_fail(*branch)) {
    for (std::string& place : place_columns(scan.origin)) needed.insert(std::move(place));
  }
  return prune(branch, needed);
}

// What a step takes rows from, in order.
std::vector<PlanPtr> inputs_of(const PlanNode& plan) {
  if (const auto* join = std::get_if<Join>(&plan.step)) return {join->left, join->right};
  if (const auto* both = std::get_if<Union>(&plan.step)) return both->branches;
  return plan.input ? std::vector<PlanPtr>{plan.input} : std::vector<PlanPtr>();
}

}  // namespace

PlanPtr make_scan(Scan scan, Schema output) { return node(std::move(scan), nullptr, std::move(output)); }

PlanPtr make_filter_node(PlanPtr input, expr::ExprPtr condition) {
  Schema output = input->output;
  return node(Filter{std::move(condition)}, std::move(input), std::move(output));
}

PlanPtr make_project_node(PlanPtr input, std::vector<expr::ExprPtr> expressions, std::vector<std::shared_ptr<arrow::Field>> fields) {
  return node(Project{std::move(expressions)}, std::move(input), arrow::schema(std::move(fields)));
}

PlanPtr make_union_node(std::vector<PlanPtr> branches) {
  Schema output = branches.front()->output;
  int memories = 0;
  for (const PlanPtr& branch : branches) memories += memories_below(branch);
  if (memories == 0) return node(Union{std::move(branches), {}}, nullptr, std::move(output));
  for (PlanPtr& branch : branches) branch = whole_branch(branch);
  return node(Union{std::move(branches), "union_" + std::to_string(memories + 1)}, nullptr, std::move(output));
}

PlanPtr make_unnest_node(PlanPtr input, std::vector<expr::ExprPtr> arrays, std::vector<std::shared_ptr<arrow::Field>> fields) {
  for (const auto& field : input->output->fields()) fields.push_back(field);
  return node(Unnest{std::move(arrays)}, std::move(input), arrow::schema(std::move(fields)));
}

PlanPtr make_join_node(Join join) {
  using enum JoinKind;
  arrow::FieldVector fields;
  for (const auto& field : join.left->output->fields()) fields.push_back(join.kind == kRight || join.kind == kFull ? field->WithNullable(true) : field);
  const bool left_alone = join.kind == kSemi || join.kind == kAnti;
  for (const auto& field : join.right->output->fields()) {
    if (!left_alone) fields.push_back(join.kind == kLeft || join.kind == kFull ? field->WithNullable(true) : field);
  }
  return node(std::move(join), nullptr, arrow::schema(std::move(fields)));
}

PlanPtr make_lookup_node(PlanPtr input, Lookup lookup) {
  arrow::FieldVector fields = input->output->fields();
  if (lookup.kind == Lookup::Kind::kMark) {
    fields.push_back(expr::Type(expr::TypeId::kBoolean).field(lookup.mark, lookup.in));
  } else {
    for (const auto& field : lookup.table->output->fields()) {
      fields.push_back(lookup.kind == Lookup::Kind::kLeft ? field->WithNullable(true) : field);
    }
  }
  return node(std::move(lookup), std::move(input), arrow::schema(std::move(fields)));
}

PlanPtr make_aggregate_node(PlanPtr input, Aggregate aggregate, Schema output) {
  std::set<std::string> needed(aggregate.keys.begin(), aggregate.keys.end());
  bool ordered = false;
  if (aggregate.window) needed.insert(aggregate.window->time);
  for (const Call& call : aggregate.calls) {
    needed.insert(call.args.begin(), call.args.end());
    if (!call.filter.empty()) needed.insert(call.filter);
    ordered |= call.function->ordered;
  }
  const Scan& scan = scan_of(*input);
  if (!memory_of(input) && scan.pseudo_columns && (ordered || can_fail(*input))) {
    for (std::string& place : place_columns(scan.origin)) needed.insert(std::move(place));
  }
  return node(std::move(aggregate), prune(input, needed), std::move(output));
}

// Every column stays, so that the node stays the same one whatever is read from it.
static PlanPtr with_places(const PlanPtr& input) {
  const std::vector<std::string> names = input->output->field_names();
  std::set<std::string> needed(names.begin(), names.end());
  const Scan& scan = scan_of(*input);
  if (!memory_of(input) && scan.pseudo_columns) {
    for (std::string& place : place_columns(scan.origin)) needed.insert(std::move(place));
  }
  return prune(input, needed);
}

PlanPtr make_first_rows_node(PlanPtr input, FirstRows first) {
  Schema output = input->output;
  return node(std::move(first), with_places(input), std::move(output));
}

PlanPtr make_top_rows_node(PlanPtr input, TopRows top, const std::string& number) {
  arrow::FieldVector fields = input->output->fields();
  fields.push_back(arrow::field(number, arrow::int64(), false));
  return node(std::move(top), with_places(input), arrow::schema(std::move(fields)));
}

PlanPtr make_sort_node(PlanPtr input, Sort sort) {
  Schema output = input->output;
  return node(std::move(sort), with_places(input), std::move(output));
}

PlanPtr make_late_rows_node(PlanPtr input, Window window) {
  const auto time = input->output->GetFieldByName(window.time);
  arrow::FieldVector fields{time->WithName("window_start")->WithNullable(false), time->WithName("window_end")->WithNullable(false)};
  for (const auto& field : input->output->fields()) fields.push_back(field);
  return node(LateRows{std::move(window)}, std::move(input), arrow::schema(std::move(fields)));
}

bool remembers(const PlanNode& plan) {
  if (const auto* both = std::get_if<Union>(&plan.step)) return !both->name.empty();
  return std::holds_alternative<Aggregate>(plan.step) || std::holds_alternative<Join>(plan.step) || std::holds_alternative<FirstRows>(plan.step) || std::holds_alternative<TopRows>(plan.step) ||
         std::holds_alternative<Sort>(plan.step);
}

const std::vector<std::string>& keys_of(const PlanNode& memory) {
  static const std::vector<std::string> kNone;
  if (const auto* aggregate = std::get_if<Aggregate>(&memory.step)) return aggregate->keys;
  if (const auto* first = std::get_if<FirstRows>(&memory.step)) return first->keys;
  const auto* top = std::get_if<TopRows>(&memory.step);
  return top ? top->keys : kNone;
}

std::vector<std::string> places_below(const PlanNode& memory) {
  const Scan& scan = scan_of(*memory.input);
  return memory_of(memory.input) || !scan.pseudo_columns ? std::vector<std::string>() : place_columns(scan.origin);
}

PlanPtr memory_of(const PlanPtr& plan) {
  if (!plan || remembers(*plan)) return plan;
  return memory_of(plan->input);
}

std::vector<PlanPtr> memories_under(const PlanNode& memory) {
  std::vector<PlanPtr> found;
  for (const PlanPtr& input : inputs_of(memory)) {
    if (PlanPtr below = memory_of(input)) found.push_back(std::move(below));
  }
  return found;
}

const PlanNode& Entry::rows() const { return *inputs_of(*memory)[static_cast<size_t>(side)]; }

std::vector<Entry> entries_of(const PlanNode& memory) {
  const std::vector<PlanPtr> inputs = inputs_of(memory);
  std::vector<Entry> entries;
  for (size_t side = 0; side < inputs.size(); ++side) {
    const PlanPtr below = memory_of(inputs[side]);
    const std::vector<Entry> some = below ? entries_of(*below) : std::vector<Entry>{{&memory, static_cast<int>(side)}};
    entries.insert(entries.end(), some.begin(), some.end());
  }
  return entries;
}

std::set<std::string> sources_of(const PlanNode& plan) {
  std::set<std::string> names;
  for (const PlanNode* scan : scans_of(plan)) names.insert(std::get<Scan>(scan->step).origin.source);
  return names;
}

int memories_below(const PlanPtr& plan) {
  const PlanPtr memory = memory_of(plan);
  int count = memory ? 1 : 0;
  for (const PlanPtr& below : memory ? memories_under(*memory) : std::vector<PlanPtr>()) count += memories_below(below);
  return count;
}

const Scan& scan_of(const PlanNode& plan) { return std::get<Scan>(scans_of(plan).front()->step); }

bool is_static(const PlanNode& plan) {
  const auto scans = scans_of(plan);
  return std::all_of(scans.begin(), scans.end(), [](const PlanNode* scan) { return std::get<Scan>(scan->step).is_static; });
}

std::vector<const PlanNode*> scans_of(const PlanNode& plan) {
  if (std::holds_alternative<Scan>(plan.step)) return {&plan};
  std::vector<const PlanNode*> all;
  for (const PlanPtr& input : inputs_of(plan)) {
    for (const PlanNode* scan : scans_of(*input)) all.push_back(scan);
  }
  return all;
}

bool can_fail(const PlanNode& plan) {
  if (remembers(plan)) return false;
  if (const auto* both = std::get_if<Union>(&plan.step)) {
    return std::any_of(both->branches.begin(), both->branches.end(), [](const PlanPtr& branch) { return can_fail(*branch); });
  }
  if (plan.input && can_fail(*plan.input)) return true;
  if (const auto* filter = std::get_if<Filter>(&plan.step)) return expr::can_fail(*filter->condition);
  const auto any = [](const std::vector<expr::ExprPtr>& all) {
    return std::any_of(all.begin(), all.end(), [](const auto& one) { return expr::can_fail(*one); });
  };
  if (const auto* unnest = std::get_if<Unnest>(&plan.step)) return any(unnest->arrays);
  if (const auto* lookup = std::get_if<Lookup>(&plan.step)) return any(lookup->keys) || (lookup->condition && expr::can_fail(*lookup->condition));
  const auto* project = std::get_if<Project>(&plan.step);
  return project && any(project->expressions);
}

void visit_expressions(const PlanNode& plan, const PlanNode* until, const std::function<void(const expr::Expression&)>& visit) {
  if (&plan == until) return;
  const auto visit_all = [&](const std::vector<expr::ExprPtr>& all) {
    for (const expr::ExprPtr& one : all) visit(*one);
  };
  if (plan.input) visit_expressions(*plan.input, until, visit);
  if (const auto* filter = std::get_if<Filter>(&plan.step)) visit(*filter->condition);
  if (const auto* project = std::get_if<Project>(&plan.step)) visit_all(project->expressions);
  if (const auto* unnest = std::get_if<Unnest>(&plan.step)) visit_all(unnest->arrays);
  if (const auto* lookup = std::get_if<Lookup>(&plan.step)) {
    visit_all(lookup->keys);
    if (lookup->condition) visit(*lookup->condition);
  }
  if (const auto* both = std::get_if<Union>(&plan.step)) {
    for (const PlanPtr& branch : both->branches) visit_expressions(*branch, until, visit);
  }
}

PlanPtr prune(const PlanPtr& plan, const std::set<std::string>& needed) {
  if (std::holds_alternative<Join>(plan->step)) return prune_join(*plan, needed);
  if (remembers(*plan)) return plan;
  if (std::holds_alternative<Scan>(plan->step)) return prune_scan(*plan, needed);
  if (std::holds_alternative<Project>(plan->step)) return prune_project(*plan, needed);
  if (const auto* both = std::get_if<Union>(&plan->step)) {
    std::vector<PlanPtr> branches;
    for (const PlanPtr& branch : both->branches) branches.push_back(prune(branch, needed));
    return make_union_node(std::move(branches));
  }
  if (std::holds_alternative<Unnest>(plan->step)) return prune_unnest(*plan, needed);
  if (std::holds_alternative<Lookup>(plan->step)) return prune_lookup(*plan, needed);
  const auto& filter = std::get<Filter>(plan->step);
  std::set<std::string> below = needed;
  expr::collect_columns(*filter.condition, below);
  return node(filter, prune(plan->input, below), fields_in(*plan->output, needed));
}

}  // namespace laketide::sql
