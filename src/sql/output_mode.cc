// When a query's groups can leave its memory, and what that memory looks like: the rest of query.h's face.
#include <arrow/type.h>

#include "expr/type.h"
#include "sql/event_time.h"
#include "sql/explain.h"
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
  const auto& aggregate = std::get<Aggregate>(memory.step);
  if (aggregate.window || final_key(memory) >= 0) return {};
  std::string hint = "group by tumble(" + event_time + ", INTERVAL '10 seconds'), or by " + event_time + " itself";
  for (const std::string& key : aggregate.keys) {
    if (time_of(*memory.input, key).role == TimeRole::kWindowStart) hint = "group by window_end too, which is when a window's groups come";
  }
  return bad_mode(who + ", and nothing makes a group of this query final: " + hint + way_out);
}

Status check_window(const PlanNode& memory, const std::string& event_time) {
  const auto& aggregate = std::get<Aggregate>(memory.step);
  if (!aggregate.window || event_time.empty() || window_follows_event_time(memory)) return {};
  const std::string hint = time_of(*memory.input, aggregate.window->time).role == TimeRole::kWindowStart
                               ? "write it over window_end, or make its size a multiple of the first window's"
                               : "write it over " + event_time + ", or take event_time: away from the source";
  return bad_mode(window_text(*aggregate.window) + " is not over the event time, and the watermark cannot close its windows: " + hint);
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

}  // namespace

Status check_mode(const PlanNode& memory, OutputMode mode, const std::string& event_time) {
  if (event_time != scan_of(memory).event_time) {
    return Status::internal("event_time", "the query was bound over a source with another event time: " + scan_of(memory).event_time);
  }
  bool inner = false;
  for (const PlanNode* at = &memory; at != nullptr; at = memory_of(at->input).get()) {
    LT_RETURN_IF_ERROR(check_window(*at, event_time));
    if (inner || mode == OutputMode::kAppend) LT_RETURN_IF_ERROR(check_final(*at, inner, event_time));
    inner = true;
  }
  return {};
}

std::string state_shape(const PlanNode& memory, OutputMode mode) {
  const char* const modes[] = {"append", "update", "complete"};
  std::string text = std::string(modes[static_cast<size_t>(mode)]);
  for (const PlanNode* at = &memory; at != nullptr; at = memory_of(at->input).get()) text += "\n" + aggregate_shape(*at);
  return text;
}

}  // namespace laketide::sql
