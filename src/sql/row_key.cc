#include "sql/row_key.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <arrow/type.h>

namespace laketide::sql {
namespace {

using Names = std::vector<std::string>;

// The column of `memory` that a column of the plan's output is, unchanged; -1: none.
int traced(const PlanNode& plan, const PlanNode& memory, const std::string& column) {
  const int place = plan.output->GetFieldIndex(column);
  if (&plan == &memory || place < 0) return place;
  if (std::holds_alternative<Unnest>(plan.step)) return -1;  // it makes several rows of one
  if (const auto* lookup = std::get_if<Lookup>(&plan.step)) {
    const bool once = lookup->kind == Lookup::Kind::kMark && plan.input->output->GetFieldIndex(column) >= 0;
    return once ? traced(*plan.input, memory, column) : -1;
  }
  const auto* project = std::get_if<Project>(&plan.step);
  if (project == nullptr) return traced(*plan.input, memory, column);
  const expr::Expression& made = *project->expressions[static_cast<size_t>(place)];
  return made.kind == expr::Expression::Kind::kColumn ? traced(*plan.input, memory, made.name) : -1;
}

// What columns of `memory` are called in the plan's output; none: one of them is not in it.
std::optional<Names> named_above(const PlanNode& plan, const PlanNode& memory, const Names& columns) {
  Names names;
  const auto& fields = plan.output->fields();
  for (const std::string& column : columns) {
    const int place = memory.output->GetFieldIndex(column);
    const auto found = std::ranges::find_if(fields, [&](const auto& field) { return traced(plan, memory, field->name()) == place; });
    if (found == fields.end()) return std::nullopt;
    names.push_back((*found)->name());
  }
  return names;
}

// The start of a window tells it from the others; its end does so too, unless it grows as a session's does.
std::optional<Names> group_key(const PlanNode& plan, const PlanNode& memory, const Aggregate& aggregate) {
  std::map<int, std::string> names;
  for (const auto& field : plan.output->fields()) {
    const int place = traced(plan, memory, field->name());
    if (place >= 0 && place < aggregate.first_call()) names.emplace(place, field->name());
  }
  if (aggregate.window && (names.contains(0) || aggregate.window->kind == WindowOptions::Kind::kSession)) names.erase(1);
  const int parts = (aggregate.window ? 1 : 0) + static_cast<int>(aggregate.keys.size());
  if (static_cast<int>(names.size()) < parts) return std::nullopt;
  Names key;
  for (auto& [place, name] : names) key.push_back(std::move(name));
  return key;
}

// What the column is in every row, as text; none: it differs, or nothing says that it does not.
std::optional<std::string> constant_of(const PlanNode& plan, const std::string& column) {
  const int place = plan.output->GetFieldIndex(column);
  if (const auto* project = std::get_if<Project>(&plan.step); project && place >= 0) {
    const expr::Expression& made = *project->expressions[static_cast<size_t>(place)];
    if (made.kind == expr::Expression::Kind::kConstant) return expr::print(made);
    return made.kind == expr::Expression::Kind::kColumn ? constant_of(*plan.input, made.name) : std::nullopt;
  }
  if (const auto* aggregate = std::get_if<Aggregate>(&plan.step)) {
    const bool is_key = place >= aggregate->first_key() && place < aggregate->first_call();
    return is_key ? constant_of(*plan.input, aggregate->keys[static_cast<size_t>(place - aggregate->first_key())]) : std::nullopt;
  }
  return plan.input && plan.input->output->GetFieldIndex(column) >= 0 ? constant_of(*plan.input, column) : std::nullopt;
}

/// What is known of one SELECT of a UNION ALL: its columns that are the same in every row. Immutable.
using Constants = std::map<std::string, std::string>;

Constants constants_of(const PlanNode& branch) {
  Constants all;
  for (const auto& field : branch.output->fields()) {
    if (auto constant = constant_of(branch, field->name())) all.emplace(field->name(), std::move(*constant));
  }
  return all;
}

// Constants tell the SELECTs from one another; within each the others of the key are its own, or constants too.
std::optional<Names> union_key(const PlanNode& memory, const Union& both) {
  std::vector<Constants> constants;
  std::set<std::string> wanted;
  std::vector<std::set<std::string>> own;
  for (const PlanPtr& branch : both.branches) {
    const PlanPtr below = memory_of(branch);
    const auto key = below ? row_key(*branch, *below) : std::nullopt;
    if (!key) return std::nullopt;
    wanted.insert(key->begin(), key->end());
    own.emplace_back(key->begin(), key->end());
    constants.push_back(constants_of(*branch));
  }
  std::set<Names> marks;
  for (const Constants& one : constants) {
    Names mark;
    for (const auto& [column, value] : constants.front()) {
      const bool everywhere = std::ranges::all_of(constants, [&](const Constants& other) { return other.contains(column); });
      const bool differs = everywhere && std::ranges::any_of(constants, [&](const Constants& other) { return other.at(column) != value; });
      if (!differs) continue;
      wanted.insert(column);
      mark.push_back(one.at(column));
    }
    if (!marks.insert(std::move(mark)).second) return std::nullopt;
  }
  for (size_t i = 0; i < own.size(); ++i) {
    const auto is_told = [&](const std::string& column) { return own[i].contains(column) || constants[i].contains(column); };
    if (!std::ranges::all_of(wanted, is_told)) return std::nullopt;
  }
  Names key;
  for (const std::string& name : memory.output->field_names()) {
    if (wanted.contains(name)) key.push_back(name);
  }
  return key;
}

}  // namespace

std::optional<Names> row_key(const PlanNode& plan, const PlanNode& memory) {
  if (const auto* aggregate = std::get_if<Aggregate>(&memory.step)) return group_key(plan, memory, *aggregate);
  if (std::holds_alternative<Join>(memory.step)) return std::nullopt;
  if (const auto* both = std::get_if<Union>(&memory.step)) {
    const auto key = union_key(memory, *both);
    return key ? named_above(plan, memory, *key) : std::nullopt;
  }
  if (std::holds_alternative<Sort>(memory.step)) {  // what told rows apart before they were put in order
    const PlanPtr below = memory_of(memory.input);
    return below ? row_key(plan, *below) : std::nullopt;
  }
  const auto* first = std::get_if<FirstRows>(&memory.step);
  if (first && first->within) return std::nullopt;  // a key comes again
  Names wanted = keys_of(memory);
  const auto* top = std::get_if<TopRows>(&memory.step);
  if (top && top->count > 1) wanted.push_back(memory.output->fields().back()->name());
  return named_above(plan, memory, wanted);
}

}  // namespace laketide::sql
