// When a query's groups can leave its memory, and what that memory looks like: the rest of query.h's face.
#include <algorithm>

#include <arrow/type.h>

#include "expr/type.h"
#include "sql/event_time.h"
#include "sql/explain.h"
#include "sql/interval_text.h"
#include "sql/query.h"

namespace laketide::sql {
namespace {

constexpr const char* kOtherModes = "set output_mode: update (for sinks with mode: upsert) or complete (for mode: overwrite)";

Status bad_mode(const std::string& what) { return Status::user("bad_output_mode", what, "output_mode"); }

// `inner`: another aggregate is computed from this one's groups, whatever the mode of the whole.
Status check_final(const PlanNode& memory, bool inner, const std::string& event_time) {
  const std::string who = inner ? "an aggregate over the groups of another one takes them once, when they are final"
                                : "append gives a group once, when it is final";
  const std::string way_out = inner ? std::string() : std::string(", or ") + kOtherModes;
  if (event_time.empty()) {
    return bad_mode(who + ", and without event time no group ever is: declare event_time: {column: ts, delay: 30s} under the source" + way_out);
  }
  const auto* aggregate = std::get_if<Aggregate>(&memory.step);
  if ((aggregate && aggregate->window) || final_key(memory) >= 0) return {};
  if (!aggregate) {
    return bad_mode(who + ", and nothing makes the first rows of a key final: let PARTITION BY or DISTINCT ON name window_end, or " + event_time + way_out);
  }
  std::string hint = "group by tumble(" + event_time + ", INTERVAL '10 seconds'), or by " + event_time + " itself";
  for (const std::string& key : aggregate->keys) {
    if (time_of(*memory.input, key).role == TimeRole::kWindowStart) hint = "group by window_end too, which is when a window's groups come";
  }
  return bad_mode(who + ", and nothing makes a group of this query final: " + hint + way_out);
}

Status check_window(const PlanNode& memory, const std::string& event_time) {
  const auto* aggregate = std::get_if<Aggregate>(&memory.step);
  if (!aggregate || !aggregate->window || event_time.empty() || window_follows_event_time(memory)) return {};
  const std::string hint = time_of(*memory.input, aggregate->window->time).role == TimeRole::kWindowStart
                               ? "write it over window_end, or make its size a multiple of the first window's"
                               : "write it over " + event_time + ", or take event_time: away from the source";
  return bad_mode(window_text(*aggregate->window) + " is not over the event time, and the watermark cannot close its windows: " + hint);
}

std::string field_text(const arrow::Field& field) { return field.name() + " " + expr::Type::of(field).name(); }

std::string aggregate_shape(const PlanNode& memory) {
  const auto& aggregate = std::get<Aggregate>(memory.step);
  std::string text = aggregate.name + ":";
  if (aggregate.window) text += " " + window_text(*aggregate.window);
  for (int i = aggregate.first_key(); i < aggregate.first_call(); ++i) text += (i > 0 ? ", " : " ") + field_text(*memory.output->field(i));
  text += " ->";
  for (size_t i = 0; i < aggregate.calls.size(); ++i) {
    const Call& call = aggregate.calls[i];
    text += (i > 0 ? ", " : " ") + call_text(call) + " " + call.types.result.name() + " of (";
    const auto partial = call.function->partial(call.types);
    for (size_t j = 0; j < partial.size(); ++j) text += (j > 0 ? ", " : "") + partial[j].name();
    text += ")";
  }
  return text;
}

std::string keys_shape(const PlanNode& memory) {
  std::string text;
  for (const std::string& key : keys_of(memory)) text += (text.empty() ? "" : ", ") + field_text(*memory.input->output->GetFieldByName(key));
  return text;
}

std::string columns_shape(const arrow::Schema& columns) {
  std::string text;
  for (const auto& field : columns.fields()) text += (text.empty() ? "" : ", ") + field_text(*field);
  return text;
}

std::string join_shape(const Join& join) {
  std::string keys;
  for (size_t i = 0; i < join.left_keys.size(); ++i) keys += (i > 0 ? ", " : "") + expr::print(*join.left_keys[i]) + " = " + expr::print(*join.right_keys[i]);
  return join.name + ": " + std::to_string(static_cast<int>(join.kind)) + " on " + keys + " if " + (join.condition ? expr::print(*join.condition) : "") + " -> " +
         columns_shape(*join.left->output) + "; " + columns_shape(*join.right->output);
}

// Which branches have a state, in the order in which theirs follows.
std::string union_shape(const Union& both) {
  std::string text = both.name + ":";
  for (size_t i = 0; i < both.branches.size(); ++i) text += memory_of(both.branches[i]) ? " " + std::to_string(i) : "";
  return text;
}

std::string shape(const PlanNode& memory) {
  if (std::holds_alternative<Aggregate>(memory.step)) return "\n" + aggregate_shape(memory);
  if (const auto* first = std::get_if<FirstRows>(&memory.step)) {
    return "\n" + first->name + ": first of " + keys_shape(memory) + (first->within ? " within " + interval_text(*first->within) : "");
  }
  if (const auto* join = std::get_if<Join>(&memory.step)) return "\n" + join_shape(*join);
  if (const auto* both = std::get_if<Union>(&memory.step)) return "\n" + union_shape(*both);
  const auto* top = std::get_if<TopRows>(&memory.step);
  if (top == nullptr) return {};  // a Sort keeps nothing
  return "\n" + top->name + ": first " + std::to_string(top->count) + " of " + keys_shape(memory) + " by " + order_text(top->order) + " -> " +
         columns_shape(*memory.input->output);
}

// ORDER BY and LIMIT: every epoch must give all rows.
Status check_sort(const PlanNode& sort, bool inner, OutputMode mode) {
  const PlanPtr below = memory_of(sort.input);
  if (mode == OutputMode::kComplete && !inner && below && !std::holds_alternative<FirstRows>(below->step)) return {};
  return bad_mode("ORDER BY, LIMIT and OFFSET need every row before the first, and a stream never has them all: leave them out and order the table where you "
                  "read it; run the query as a batch job; or give groups whole each time, by GROUP BY with output_mode: complete");
}

std::string side_text(const Join& join, int side) {
  const auto names = sources_of(side == 0 ? *join.left : *join.right);
  return (side == 0 ? "left" : "right") + std::string(" (") + (names.empty() ? "" : *names.begin()) + ")";
}

// Rows are kept until the watermark says that no partner can come.
Status check_join(const Join& join, bool inner, OutputMode mode, StateBound bound) {
  using enum JoinKind;
  if (!inner && mode == OutputMode::kComplete) {
    return bad_mode("a join of streams gives each pair once, and complete would need every pair again: set output_mode: append");
  }
  const auto reach = reach_of(join);
  const std::string ways = "compare the event times, as in a.ts BETWEEN b.ts - INTERVAL '1 minute' AND b.ts + INTERVAL '1 minute', or window_end of both, and declare "
                           "event_time: {column: ts, delay: 30s} under both sources";
  for (const int side : {0, 1}) {
    if (!reach[static_cast<size_t>(side)].expiry.empty()) continue;
    const bool stays = join.kind == kFull || (side == 0 ? join.kind == kLeft || join.kind == kAnti : join.kind == kRight);
    if (stays) {
      return Status::user("join_unbounded", "a row without a partner comes out of an outer join when none can come any more, and nothing says when that is: " + ways +
                                                "; side " + side_text(join, side), "sql");
    }
    if (bound == StateBound::kNone) continue;
    return Status::user("join_unbounded", "nothing says how long the rows of this join wait for a partner: " + ways + "; or write state: unbounded into the pipeline, and "
                                          "every row is kept for ever; side " + side_text(join, side), "sql");
  }
  return {};
}

// Every epoch gives all rows of a complete result, and those of a branch that remembers nothing have gone by.
Status check_union(const Union& both, bool inner, OutputMode mode) {
  if (inner || mode != OutputMode::kComplete || std::ranges::all_of(both.branches, [](const PlanPtr& branch) { return memory_of(branch) != nullptr; })) return {};
  return bad_mode("a SELECT of this UNION ALL gives rows once, as they come, and complete would need every row again: set output_mode: append, or let each SELECT group");
}

// The step, and those below it: these give groups when they are final.
Status check_step(const PlanNode& memory, bool inner, OutputMode mode, const std::string& event_time, StateBound bound) {
  const bool first = std::holds_alternative<FirstRows>(memory.step), sort = std::holds_alternative<Sort>(memory.step);
  if (sort) {
    LT_RETURN_IF_ERROR(check_sort(memory, inner, mode));
  } else if (const auto* join = std::get_if<Join>(&memory.step)) {
    LT_RETURN_IF_ERROR(check_join(*join, inner, mode, bound));
  } else if (const auto* both = std::get_if<Union>(&memory.step)) {
    LT_RETURN_IF_ERROR(check_union(*both, inner, mode));
  } else if (first && !inner && mode == OutputMode::kComplete) {
    return bad_mode("DISTINCT ON and deduplicate give a row once, and complete would need every row again: set output_mode: append");
  } else {
    LT_RETURN_IF_ERROR(check_window(memory, event_time));
    if (!first && (inner || mode == OutputMode::kAppend)) LT_RETURN_IF_ERROR(check_final(memory, inner, event_time));
  }
  const bool passes_on = sort || std::holds_alternative<Union>(memory.step);
  for (const PlanPtr& below : memories_under(memory)) LT_RETURN_IF_ERROR(check_step(*below, inner || !passes_on, mode, event_time, bound));
  return {};
}

std::string shapes_below(const PlanNode& memory) {
  std::string text = shape(memory);
  for (const PlanPtr& below : memories_under(memory)) text += shapes_below(*below);
  return text;
}

}  // namespace

Status check_mode(const PlanNode& memory, OutputMode mode, const std::string& event_time, Ending ending, StateBound bound) {
  const auto scans = scans_of(memory);
  if (std::ranges::none_of(scans, [&](const PlanNode* scan) { return std::get<Scan>(scan->step).event_time == event_time; })) {
    return Status::internal("event_time", "the query was bound over a source with another event time: " + scan_of(memory).event_time);
  }
  if (ending == Ending::kOneEpoch) return {};  // all there is to come has come when the epoch ends
  return check_step(memory, false, mode, event_time, bound);
}

Status check_changes(const BoundQuery& query, OutputMode mode) {
  if (mode != OutputMode::kUpdate) return {};
  if (query.memory && std::holds_alternative<Union>(query.memory->step) && query.key.empty()) {
    return bad_mode("update replaces rows by their key, and nothing tells the rows of this UNION ALL apart: let each SELECT group by columns of the same names, give each a "
                    "constant of its own, as in SELECT 'clicks' AS part, …, and keep these columns in the result; or set output_mode: append");
  }
  for (const PlanNode* at = query.plan.get(); at != query.memory.get() && at->input; at = at->input.get()) {
    if (!std::holds_alternative<Unnest>(at->step)) continue;
    return bad_mode("a group that changes may have fewer elements than before, and unnest above GROUP BY would leave the old ones in the table: unnest below it, or set "
                    "output_mode: complete (for sinks with mode: overwrite) or append");
  }
  return {};
}

std::string state_shape(const PlanNode& memory, OutputMode mode) {
  const char* const modes[] = {"append", "update", "complete"};
  return std::string(modes[static_cast<size_t>(mode)]) + shapes_below(memory);
}

}  // namespace laketide::sql
