// Which columns of a plan follow event time, and so tell when a group is final.
#pragma once

#include <string>

#include "sql/plan.h"

namespace laketide::sql {

/// What a column says of event time: the row's own, or a border of the window that the row is the result of.
enum class TimeRole { kNone, kRow, kWindowStart, kWindowEnd };

/// `window`: of the step that made it; null for the others. Immutable.
struct ColumnTime {
  TimeRole role = TimeRole::kNone;
  const Window* window = nullptr;
};

/// A column of the node's output (or a hidden one), followed down to the source or to the window that it comes from.
ColumnTime time_of(const PlanNode& node, const std::string& column);

/// Of a step that remembers, which of its keys (from 0) is the one whose value at or before the watermark makes a group
/// final where there is no window; -1: none. The start of a window is none: later rows of an earlier step may have the same.
int final_key(const PlanNode& memory);

/// Whether the step's window is over event time, so that the watermark can close it.
bool window_follows_event_time(const PlanNode& memory);

}  // namespace laketide::sql
