#include "sql/explain.h"

#include <cstdlib>

#include <vector>

#include <arrow/type.h>

#include "sql/event_time.h"
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
  std::string text = (scan.is_static ? "Table " : "Scan ") + scan.origin.source + ": " + columns_text(*plan.output);
  for (size_t i = 0; i < scan.hidden.size(); ++i) text += (i == 0 ? "; hidden " : ", ") + scan.hidden[i];
  return text;
}

std::string unnest_text(const PlanNode& plan, const Unnest& unnest) {
  std::string text = "Unnest";
  for (size_t i = 0; i < unnest.arrays.size(); ++i) {
    const auto& field = plan.output->field(static_cast<int>(i));
    text += (i > 0 ? ", " : " ") + expr::print(*unnest.arrays[i]) + " AS " + field->name() + " " + expr::Type::of(*field).name();
  }
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

std::string names_text(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string first_text(const FirstRows& first) {
  return "FirstRows of (" + names_text(first.keys) + ")" + (first.within ? " within " + interval_text(*first.within) + " of " + first.time : "");
}

std::string top_text(const PlanNode& plan, const TopRows& top) {
  return "TopRows " + std::to_string(top.count) + " of (" + names_text(top.keys) + ")" + (top.order.empty() ? "" : " by " + order_text(top.order)) + " AS " +
         plan.output->fields().back()->name();
}

std::string sort_text(const Sort& sort) {
  return "Sort" + (sort.order.empty() ? "" : " by " + order_text(sort.order)) + (sort.limit ? " limit " + std::to_string(*sort.limit) : "") +
         (sort.offset > 0 ? " offset " + std::to_string(sort.offset) : "");
}

std::string lookup_text(const Lookup& lookup) {
  const char* const kinds[] = {"", " left", " mark"};
  std::string text = std::string("Lookup") + kinds[static_cast<size_t>(lookup.kind)] + " " + scan_of(*lookup.table).origin.source;
  for (size_t i = 0; i < lookup.keys.size(); ++i) text += (i == 0 ? " on " : " and ") + expr::print(*lookup.keys[i]) + " = " + expr::print(*lookup.table_keys[i]);
  if (lookup.keys.empty()) text += " with every row";
  if (lookup.condition) text += " if " + expr::print(*lookup.condition);
  return lookup.mark.empty() ? text : text + " AS " + lookup.mark;
}

std::string join_text(const Join& join) {
  const char* const kinds[] = {"", " left", " right", " full", " semi", " anti"};
  std::string text = std::string("Join") + kinds[static_cast<size_t>(join.kind)];
  for (size_t i = 0; i < join.left_keys.size(); ++i) text += (i == 0 ? " on " : " and ") + expr::print(*join.left_keys[i]) + " = " + expr::print(*join.right_keys[i]);
  return text + (join.condition ? " if " + expr::print(*join.condition) : "");
}

std::string side_note(const Join& join, int side) {
  const JoinReach reach = reach_of(join)[static_cast<size_t>(side)];
  const std::string rows = side == 0 ? "keeps rows of the left " : "keeps rows of the right ";
  if (reach.expiry.empty()) return rows + "for ever, nothing says when no partner can come";
  const std::string by = reach.keep == 0 ? "at or behind their " : interval_text(std::abs(reach.keep)) + (reach.keep > 0 ? " behind their " : " ahead of their ");
  return rows + "until the watermark is " + by + reach.expiry;
}

std::string step_text(const PlanNode& node) {
  if (const auto* scan = std::get_if<Scan>(&node.step)) return scan_text(node, *scan);
  if (const auto* filter = std::get_if<Filter>(&node.step)) return "Filter " + expr::print(*filter->condition);
  if (const auto* project = std::get_if<Project>(&node.step)) return "Project " + project_text(node, *project);
  if (std::holds_alternative<Union>(node.step)) return "Union";
  if (const auto* lookup = std::get_if<Lookup>(&node.step)) return lookup_text(*lookup);
  if (const auto* unnest = std::get_if<Unnest>(&node.step)) return unnest_text(node, *unnest);
  if (const auto* join = std::get_if<Join>(&node.step)) return join_text(*join);
  if (const auto* first = std::get_if<FirstRows>(&node.step)) return first_text(*first);
  if (const auto* top = std::get_if<TopRows>(&node.step)) return top_text(node, *top);
  if (const auto* sort = std::get_if<Sort>(&node.step)) return sort_text(*sort);
  if (const auto* late = std::get_if<LateRows>(&node.step)) return "LateRows of " + window_text(late->window);
  return aggregate_text(node, std::get<Aggregate>(node.step));
}

// Until when a group is kept, as the end of a sentence; empty: nothing ends it.
std::string group_end(const PlanNode& memory) {
  const auto* aggregate = std::get_if<Aggregate>(&memory.step);
  const std::string& event_time = scan_of(memory).event_time;
  if (event_time.empty()) return {};
  const int key = final_key(memory);
  const std::string end = window_follows_event_time(memory) ? "window_end" : key >= 0 ? keys_of(memory)[static_cast<size_t>(key)] : "";
  if (end.empty()) return {};
  return (aggregate && aggregate->window) || key >= 0 ? "the watermark of " + event_time + " is at or behind its " + end : "";
}

std::string when_given(const PlanNode& memory, std::optional<OutputMode> mode) {
  if (mode == OutputMode::kUpdate) return "update: gives each group that changed at the end of the epoch";
  if (mode == OutputMode::kComplete) return "complete: gives every group at the end of each epoch";
  const std::string end = group_end(memory);
  const std::string at_last = end.empty() ? "at the end of a bounded run" : "when " + end;
  return mode ? "append: gives each group once, " + at_last : "gives groups as the output mode says (append: once, " + at_last + ")";
}

std::string tail_note(const PlanNode& memory) {
  const bool partial = std::holds_alternative<Aggregate>(memory.step);
  return memories_under(memory).empty() ? std::string("lanes end below: each gives ") + (partial ? "its part of the groups" : "its rows") +
                                        " when the epoch ends; from here on there is one tail behind all lanes"
                                  : "in the tail";
}

std::vector<std::string> memory_notes(const PlanNode& memory, std::optional<OutputMode> mode) {
  if (const auto* join = std::get_if<Join>(&memory.step)) return {"gives each pair once, at the end of the epoch that brings the later row", side_note(*join, 0), side_note(*join, 1), tail_note(memory)};
  if (const auto* first = std::get_if<FirstRows>(&memory.step)) {
    const std::string end = first->within ? "until the watermark of " + first->time + " is " + interval_text(*first->within) + " behind its first row" : "for ever, no watermark bounds it";
    return {"gives each row at the end of its epoch", "keeps the key " + end, tail_note(memory)};
  }
  if (const auto* top = std::get_if<TopRows>(&memory.step)) {
    const std::string end = mode == OutputMode::kComplete ? "" : group_end(memory);
    return {when_given(memory, mode), "keeps " + std::to_string(top->count) + " rows of a key" + (end.empty() ? "; for ever, no watermark bounds it" : ", until " + end), tail_note(memory)};
  }
  if (std::holds_alternative<Union>(memory.step)) {
    return {"gives the rows of each SELECT when that does, those of one that remembers nothing at the end of their epoch", "keeps nothing itself", tail_note(memory)};
  }
  if (std::holds_alternative<Sort>(memory.step)) return {"gives the rows of the epoch in order at its end, and keeps nothing", tail_note(memory)};
  const auto& aggregate = std::get<Aggregate>(memory.step);
  std::string keys, kept;
  for (int i = 0; i < aggregate.first_call(); ++i) keys += (i > 0 ? ", " : "") + memory.output->field(i)->name();
  for (const Call& call : aggregate.calls) {
    std::string parts;
    for (const expr::Type& part : call.function->partial(call.types)) parts += (parts.empty() ? "" : ", ") + part.name();
    kept += (kept.empty() ? "" : ", ") + call_text(call) + " as (" + (call.distinct ? "every value" : parts) + ")";
  }
  const std::string end = mode == OutputMode::kComplete ? "" : group_end(memory);
  const bool one = keys.empty();
  std::string keeps = one ? "keeps one row" : "keeps for each (" + keys + ")";
  keeps += kept.empty() ? "" : ": " + kept;
  keeps += one ? "" : end.empty() ? "; for ever, no watermark bounds it" : ", until " + end;
  return {when_given(memory, mode), std::move(keeps), tail_note(memory)};
}

// A step and what is below it; `indent` stands before every line but the first.
void add_tree(const PlanNode& plan, const std::string& indent, std::optional<OutputMode> mode, std::string& text) {
  text += step_text(plan);
  if (remembers(plan)) {
    for (const std::string& note : memory_notes(plan, mode)) text += "\n" + indent + "   · " + note;
    if (!std::holds_alternative<Sort>(plan.step) && !std::holds_alternative<Union>(plan.step)) mode = OutputMode::kAppend;
  }
  std::vector<PlanPtr> below;
  if (plan.input) below.push_back(plan.input);
  if (const auto* lookup = std::get_if<Lookup>(&plan.step)) {
    text += "\n" + indent + "│  · the table as it is when the epoch opens; a replay sees the same version";
    below.push_back(lookup->table);
  }
  if (const auto* both = std::get_if<Union>(&plan.step)) below = both->branches;
  if (const auto* join = std::get_if<Join>(&plan.step)) below = {join->left, join->right};
  for (const PlanPtr& one : below) {
    const bool last = &one == &below.back();
    text += "\n" + indent + (last ? "└─ " : "├─ ");
    add_tree(*one, indent + (last ? "   " : "│  "), mode, text);
  }
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

std::string order_text(const std::vector<SortKey>& order) {
  std::string text;
  for (const SortKey& key : order) {
    text += (text.empty() ? "" : ", ") + key.column + (key.order.descending ? " DESC" : "");
    if (key.order.nulls_first != key.order.descending) text += key.order.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  }
  return text;
}

std::string call_text(const Call& call) {
  std::string args;
  for (const std::string& arg : call.args) args += (args.empty() ? "" : ", ") + arg;
  if (args.empty()) args = "*";
  const std::string filter = call.filter.empty() ? "" : " FILTER (WHERE " + call.filter + ")";
  return std::string(call.function->name) + "(" + (call.distinct ? "DISTINCT " : "") + args + ")" + filter;
}

std::string explain(const PlanNode& plan, std::optional<OutputMode> mode) {
  std::string text;
  add_tree(plan, "", mode, text);
  return text;
}

}  // namespace laketide::sql
