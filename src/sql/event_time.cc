#include "sql/event_time.h"

#include <algorithm>

#include <arrow/type.h>

namespace laketide::sql {
namespace {

ColumnTime time_of_group(const PlanNode& node, const Aggregate& aggregate, int column) {
  if (column < 0 || column >= aggregate.first_call()) return {};
  if (column < aggregate.first_key()) return {column == 0 ? TimeRole::kWindowStart : TimeRole::kWindowEnd, &*aggregate.window};
  return time_of(*node.input, aggregate.keys[static_cast<size_t>(column - aggregate.first_key())]);
}

ColumnTime time_of_all(const Union& both, const std::string& column) {
  const bool every = std::all_of(both.branches.begin(), both.branches.end(), [&](const PlanPtr& branch) { return time_of(*branch, column).role == TimeRole::kRow; });
  return {every ? TimeRole::kRow : TimeRole::kNone, nullptr};
}

// Rows come when their own window ends. Another window over its start has them in time if it ends no earlier.
bool covers(const Window& outer, const Window& inner) {
  using Kind = WindowOptions::Kind;
  if (inner.kind != Kind::kTumble || outer.kind == Kind::kSession) return false;
  const int64_t slide = outer.kind == Kind::kHop ? outer.slide : outer.size;
  return outer.size % inner.size == 0 && slide % inner.size == 0 && (outer.offset - inner.offset) % inner.size == 0;
}

}  // namespace

ColumnTime time_of(const PlanNode& node, const std::string& column) {
  const int place = node.output->GetFieldIndex(column);
  if (const auto* scan = std::get_if<Scan>(&node.step)) {
    return {!scan->event_time.empty() && scan->event_time == column ? TimeRole::kRow : TimeRole::kNone, nullptr};
  }
  if (const auto* aggregate = std::get_if<Aggregate>(&node.step)) return time_of_group(node, *aggregate, place);
  if (const auto* top = std::get_if<TopRows>(&node.step)) {  // the rows of a key come when it is final
    return std::ranges::find(top->keys, column) == top->keys.end() ? ColumnTime() : time_of(*node.input, column);
  }
  if (const auto* both = std::get_if<Union>(&node.step)) return time_of_all(*both, column);
  if (const auto* unnest = std::get_if<Unnest>(&node.step); unnest && place >= 0 && place < static_cast<int>(unnest->arrays.size())) return {};
  const bool looked_up = std::holds_alternative<Lookup>(node.step) && place >= 0 && node.input->output->GetFieldIndex(column) < 0;
  if (looked_up) return {};
  const auto* project = std::get_if<Project>(&node.step);
  if (project == nullptr || place < 0) return time_of(*node.input, column);
  const expr::Expression& made = *project->expressions[static_cast<size_t>(place)];
  return made.kind == expr::Expression::Kind::kColumn ? time_of(*node.input, made.name) : ColumnTime();
}

int final_key(const PlanNode& memory) {
  const auto* aggregate = std::get_if<Aggregate>(&memory.step);
  if (aggregate && aggregate->window) return -1;
  const std::vector<std::string>& keys = keys_of(memory);
  for (size_t i = 0; i < keys.size(); ++i) {
    const TimeRole role = time_of(*memory.input, keys[i]).role;
    if (role == TimeRole::kRow || role == TimeRole::kWindowEnd) return static_cast<int>(i);
  }
  return -1;
}

bool window_follows_event_time(const PlanNode& memory) {
  const auto* aggregate = std::get_if<Aggregate>(&memory.step);
  if (!aggregate || !aggregate->window) return false;
  const ColumnTime time = time_of(*memory.input, aggregate->window->time);
  if (time.role == TimeRole::kWindowStart) return covers(*aggregate->window, *time.window);
  return time.role != TimeRole::kNone;
}

}  // namespace laketide::sql
