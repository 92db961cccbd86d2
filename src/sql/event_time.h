// Which columns of a plan follow event time, and so tell when a group is final.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "sql/plan.h"

namespace laketide::sql {

/// What a column says of event time: the row's own, or a border of the window that the row is the result of.
enum class TimeRole { kNone, kRow, kWindowStart, kWindowEnd };

/// `window`: of the step that made it; null for the others. `lag`: rows may come so many microseconds behind the watermark, as they do out of
/// a join, where the earlier row of a pair waits for the later. Immutable.
struct ColumnTime {
  TimeRole role = TimeRole::kNone;
  const Window* window = nullptr;
  int64_t lag = 0;
};

/// A column of the node's output (or a hidden one), followed down to the source or to the window that it comes from.
ColumnTime time_of(const PlanNode& node, const std::string& column);

/// Of a step that remembers, which of its keys (from 0) is the one whose value at or before the watermark makes a group
/// final where there is no window; -1: none. The start of a window is none: later rows of an earlier step may have the same.
int final_key(const PlanNode& memory);

/// How far behind the watermark the rows come by which the step's groups are closed.
int64_t lag_of(const PlanNode& memory);

/// Until when a side's rows are kept, and by which column one is late. Immutable.
struct JoinReach {
  std::string expiry;  // a column; a row is kept until its moment + `keep`; empty: for ever
  int64_t keep = 0;
  std::string time;    // a column; empty: no row is late
  int64_t lag = 0;
};
/// Of the left side and the right one, by what the join says of their times.
std::array<JoinReach, 2> reach_of(const Join& join);

/// By which column of its rows a row is late for a step, and for which windows. Empty: none is, or (sessions) not by its own time alone.
/// Immutable.
struct Lateness {
  std::string time;
  const Window* window = nullptr;  // none: late is what happened at or before the watermark − `lag`
  int64_t lag = 0;
};
Lateness lateness_of(const Entry& entry);

/// Whether the step's window is over event time, so that the watermark can close it.
bool window_follows_event_time(const PlanNode& memory);

}  // namespace laketide::sql
