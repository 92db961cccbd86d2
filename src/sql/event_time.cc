#include "sql/event_time.h"

#include <algorithm>
#include <optional>

#include <arrow/type.h>

namespace laketide::sql {
namespace {

ColumnTime time_of_group(const PlanNode& node, const Aggregate& aggregate, int column) {
  if (column < 0 || column >= aggregate.first_call()) return {};
  if (column < aggregate.first_key()) {
    const int64_t lag = time_of(*node.input, aggregate.window->time).lag;
    return {column == 0 ? TimeRole::kWindowStart : TimeRole::kWindowEnd, &*aggregate.window, lag};
  }
  return time_of(*node.input, aggregate.keys[static_cast<size_t>(column - aggregate.first_key())]);
}

bool are_alike(const Window& one, const Window& other) {
  return one.kind == other.kind && one.size == other.size && one.slide == other.slide && one.offset == other.offset;
}

// A window's end and a row's own time both come before the watermark is past them; a window's start does so by its size only.
ColumnTime time_of_all(const Union& both, const std::string& column) {
  ColumnTime all = time_of(*both.branches.front(), column);
  for (const PlanPtr& branch : both.branches) {
    const ColumnTime one = time_of(*branch, column);
    if (one.role == TimeRole::kNone) return {};
    const bool starts = one.role == TimeRole::kWindowStart || all.role == TimeRole::kWindowStart;
    if (starts && (one.role != all.role || !are_alike(*one.window, *all.window))) return {};
    const int64_t lag = std::max(all.lag, one.lag);
    all = one.role == all.role ? ColumnTime{all.role, all.window, lag} : ColumnTime{TimeRole::kRow, nullptr, lag};
  }
  return all;
}

// How far behind the watermark the column itself may be. A window's start is behind by the window, which closes at its end.
std::optional<int64_t> behind(const ColumnTime& time) {
  if (time.role == TimeRole::kNone) return std::nullopt;
  if (time.role != TimeRole::kWindowStart) return time.lag;
  if (time.window->kind == WindowOptions::Kind::kSession) return std::nullopt;
  return time.lag + time.window->size;
}

// Of its side's times only that by which it is kept says when a row can still come out.
ColumnTime time_of_pair(const Join& join, const std::string& column) {
  using enum JoinKind;
  const bool left = join.left->output->GetFieldIndex(column) >= 0;
  const bool absent = join.kind == kFull || join.kind == (left ? kRight : kLeft);
  const JoinReach reach = reach_of(join)[left ? 0 : 1];
  if (absent || reach.expiry != column) return {};
  ColumnTime time = time_of(left ? *join.left : *join.right, column);
  const int64_t window = time.role == TimeRole::kWindowStart ? time.window->size : 0;
  time.lag = std::max(time.lag, reach.keep - window);
  return time;
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
  if (const auto* join = std::get_if<Join>(&node.step)) return time_of_pair(*join, column);
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

int64_t lag_of(const PlanNode& memory) {
  if (const auto* aggregate = std::get_if<Aggregate>(&memory.step); aggregate && aggregate->window) return time_of(*memory.input, aggregate->window->time).lag;
  if (const auto* first = std::get_if<FirstRows>(&memory.step)) return first->within ? time_of(*memory.input, first->time).lag : 0;
  const int key = final_key(memory);
  return key < 0 ? 0 : time_of(*memory.input, keys_of(memory)[static_cast<size_t>(key)]).lag;
}

std::array<JoinReach, 2> reach_of(const Join& join) {
  std::array<JoinReach, 2> reach;
  // A side's rows go when the other side's watermark has passed all moments that can meet theirs.
  const auto keep = [](JoinReach& own, const std::string& column, JoinReach& other, const std::string& time, int64_t lag, int64_t until) {
    if (!own.expiry.empty() && own.keep <= until) return;
    own.expiry = column;
    own.keep = until;
    other.time = time;
    other.lag = lag;
  };
  for (const TimeBound& bound : join.bounds) {
    const auto left = behind(time_of(*join.left, bound.left)), right = behind(time_of(*join.right, bound.right));
    if (right && bound.least) keep(reach[0], bound.left, reach[1], bound.right, *right, *right - *bound.least);
    if (left && bound.most) keep(reach[1], bound.right, reach[0], bound.left, *left, *left + *bound.most);
  }
  return reach;
}

Lateness lateness_of(const Entry& entry) {
  const PlanNode& memory = *entry.memory;
  if (const auto* join = std::get_if<Join>(&memory.step)) {
    const JoinReach reach = reach_of(*join)[static_cast<size_t>(entry.side)];
    return {reach.time, nullptr, reach.lag};
  }
  if (std::holds_alternative<Union>(memory.step)) return {};
  if (const auto* first = std::get_if<FirstRows>(&memory.step)) return {first->within ? first->time : "", nullptr, 0};
  if (const auto* aggregate = std::get_if<Aggregate>(&memory.step); aggregate && aggregate->window) {
    const bool counts = aggregate->window->kind != WindowOptions::Kind::kSession && time_of(*memory.input, aggregate->window->time).role == TimeRole::kRow;
    return counts ? Lateness{aggregate->window->time, &*aggregate->window, 0} : Lateness();
  }
  const int key = final_key(memory);
  return key < 0 ? Lateness() : Lateness{keys_of(memory)[static_cast<size_t>(key)], nullptr, 0};
}

bool window_follows_event_time(const PlanNode& memory) {
  const auto* aggregate = std::get_if<Aggregate>(&memory.step);
  if (!aggregate || !aggregate->window) return false;
  const ColumnTime time = time_of(*memory.input, aggregate->window->time);
  if (time.role == TimeRole::kWindowStart) return covers(*aggregate->window, *time.window);
  return time.role != TimeRole::kNone;
}

}  // namespace laketide::sql
