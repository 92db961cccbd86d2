#include "engine/document_queries.h"

#include <algorithm>
#include <set>

#include <arrow/type.h>

#include "engine/source_tables.h"
#include "flow/key_columns.h"
#include "flow/pseudo_columns.h"
#include "operators/event_times.h"
#include "operators/mark_deletes.h"

namespace laketide {
namespace {

using DecodedSources = std::shared_ptr<const std::map<std::string, sql::Decoded>>;

/// With `delete_when` as one more column behind the sink's own.
std::string select_text(const config::SinkSpec& sink) {
  if (sink.delete_when.empty()) return sink.select;
  const std::string from = sink.select.empty() ? "result" : "(" + sink.select + ") AS selected";
  return "SELECT *, (" + sink.delete_when + ") AS _delete_when FROM " + from;
}

OutputMode output_mode(const config::SinkSpec& sink) {
  return sink.output_mode == "update" ? OutputMode::kUpdate : sink.output_mode == "complete" ? OutputMode::kComplete : OutputMode::kAppend;
}

Status mark_deletes(ChainPlan::Branch& branch) {
  const int last = branch.output->num_fields() - 1;
  if (branch.output->field(last)->type()->id() != arrow::Type::BOOL) {
    return Status::user("bad_delete_when", "delete_when is a condition, true or false for each row; this one is " + branch.output->field(last)->type()->ToString(), "delete_when");
  }
  auto output = branch.output->RemoveField(last);
  if (!output.ok()) return Status::internal("arrow", output.status().ToString());
  branch.output = *output;
  branch.operators = [before = branch.operators, last](const std::string& source, Context& context) -> Result<ChainPlan::Operators> {
    LT_ASSIGN_OR_RETURN(ChainPlan::Operators operators, before(source, context));
    operators.push_back(make_mark_deletes({last}, context));
    return operators;
  };
  return {};
}

ChainPlan::Branch branch_of(const sql::BoundQuery& query, OutputMode mode, const DecodedSources& decoded) {
  return {with_key_columns(query.output, query.key), {}, sql::sources_of(*query.plan), [query, decoded](const std::string& source, Context& context) {
    return query.operators(source.empty() ? sql::Decoded() : decoded->at(source), context, source);
  }, sql::explain(query, mode)};
}

ChainPlan::Tail tail_of(const sql::PlanPtr& memory, OutputMode mode, const DecodedSources& decoded, sql::LateCounting late) {
  ChainPlan::Tail made{sql::state_shape(*memory, mode), {}, [memory, mode](Context& context, state::StateTables& tables) { return sql::make_tail(*memory, mode, context, tables); }};
  for (const sql::Entry& entry : sql::entries_of(*memory)) {
    made.ports.push_back({sql::sources_of(entry.rows()), [memory, entry, decoded, late](const std::string& source, Context& context) {
      return sql::make_head(entry, source, decoded->at(source), late, context);
    }});
  }
  return made;
}

// Rows of two SELECTs of a UNION ALL would replace one another under a key that does not tell them apart.
Status check_key(const sql::BoundQuery& query, OutputMode mode, const std::vector<std::string>& key) {
  if (mode != OutputMode::kUpdate || key.empty() || !std::holds_alternative<sql::Union>(query.memory->step)) return {};
  for (const std::string& column : query.key) {
    if (std::ranges::find(key, column) != key.end()) continue;
    std::string whole;
    for (const std::string& name : query.key) whole += (whole.empty() ? "" : ", ") + name;
    return Status::user("bad_output_mode", "rows of this UNION ALL are told apart by more columns than the key of the sink has: write key: [" + whole + "], or leave key out; missing: " + column,
                        "key");
  }
  return {};
}

// The first that is declared by a source of the query.
std::string event_time_of(const sql::PlanNode& memory) {
  for (const sql::PlanNode* scan : sql::scans_of(memory)) {
    const std::string& column = std::get<sql::Scan>(scan->step).event_time;
    if (!column.empty()) return column;
  }
  return {};
}

}  // namespace

Result<DocumentQueries> DocumentQueries::parse(const config::PipelineSpec& pipeline, QueryTerms terms) {
  const std::string origin = pipeline.name + ": ";
  std::vector<std::string> known = table_names(pipeline);
  DocumentQueries made(all_rows(pipeline));
  if (!pipeline.sql.empty()) {
    LT_ASSIGN_OR_RETURN(made.main_, sql::parse_query(pipeline.sql, origin + "sql"));
  }
  LT_RETURN_IF_ERROR(made.main_.check_tables(known));
  made.needs_schema_ = !made.main_.selects_all();
  known.insert(known.begin(), "result");
  for (const auto& sink : pipeline.sinks) {
    SinkQuery& one = made.sinks_.emplace_back();
    one.mode = output_mode(sink);
    one.marks_deletes = !sink.delete_when.empty();
    one.key = sink.key;
    if (sink.select.empty() && sink.delete_when.empty()) continue;
    const std::string where = (sink.delete_when.empty() ? "select of " : "delete_when of ") + sink.id;
    LT_ASSIGN_OR_RETURN(one.select, sql::parse_query(select_text(sink), origin + where));
    LT_RETURN_IF_ERROR(one.select->check_tables(known));
    made.needs_schema_ = made.needs_schema_ || !one.select->selects_all();
  }
  for (const auto& source : pipeline.sources) {
    made.needs_schema_ = made.needs_schema_ || !source.event_time.column.empty() || !source.deduplicate.key.empty();
    made.skews_[source.name] = source.event_time.max_future_skew;
  }
  made.sources_ = source_tables(pipeline);
  made.bound_ = pipeline.state == "unbounded" ? sql::StateBound::kNone : sql::StateBound::kRequired;
  made.terms_ = std::move(terms);
  return made;
}

Result<ChainPlan> DocumentQueries::bind(const Schemas& schemas, std::span<const sql::StaticTable> tables) const {
  std::vector<sql::SourceTable> sources = sources_;
  for (auto& source : sources) source.schema = schemas.at(source.name);
  LT_ASSIGN_OR_RETURN(const std::vector<Asked> all, bind_each(sources, tables));
  std::vector<sql::BoundQuery> queries;
  for (const Asked& asked : all) queries.push_back(asked.query);
  ChainPlan plan;
  auto decoded = std::make_shared<std::map<std::string, sql::Decoded>>();
  for (const sql::SourceTable& source : sources) {
    const sql::Decoded& one = (*decoded)[source.name] = sql::decode_for(source, queries, terms_.hidden);
    plan.inputs[source.name] = {one.columns, one.hidden, nullptr};
  }
  add_event_times(plan, sources);
  std::map<std::pair<sql::PlanPtr, OutputMode>, size_t> tails;  // what two sinks ask for alike is remembered once
  std::set<sql::PlanPtr> counting;
  for (const auto& [query, mode, key] : all) {
    plan.branches.push_back(branch_of(query, mode, decoded));
    if (!query.memory) continue;
    const auto [at, added] = tails.emplace(std::pair(query.memory, mode), plan.tails.size());
    // A row is late once, in however many modes its groups are given; in complete mode, and for a job, none is.
    const bool counts = added && !terms_.one_epoch && mode != OutputMode::kComplete && counting.insert(query.memory).second;
    if (added) plan.tails.push_back(tail_of(query.memory, mode, decoded, counts ? sql::LateCounting::kByPartition : sql::LateCounting::kNone));
    plan.branches.back().tail = at->second;
  }
  for (size_t i = 0; i < sinks_.size(); ++i) {
    if (sinks_[i].marks_deletes) LT_RETURN_IF_ERROR(mark_deletes(plan.branches[i]));
  }
  return plan;
}

Result<std::vector<DocumentQueries::Asked>> DocumentQueries::bind_each(std::span<const sql::SourceTable> sources, std::span<const sql::StaticTable> tables) const {
  LT_ASSIGN_OR_RETURN(const sql::BoundQuery result, main_.bind(sources, tables));
  std::vector<Asked> all;
  for (const SinkQuery& sink : sinks_) {
    all.push_back({result, sink.mode, sink.key});
    if (!sink.select) continue;
    LT_ASSIGN_OR_RETURN(all.back().query, sink.select->bind(result, tables));
  }
  if (terms_.late_rows) {
    LT_ASSIGN_OR_RETURN(sql::BoundQuery late, late_query(all));
    all.push_back({std::move(late), OutputMode::kAppend, {}});
  }
  for (const Asked& asked : all) LT_RETURN_IF_ERROR(check_asked(asked));
  return all;
}

// The rows that are too late for the one GROUP BY whose windows the sinks have.
Result<sql::BoundQuery> DocumentQueries::late_query(const std::vector<Asked>& all) {
  const sql::BoundQuery* found = nullptr;
  for (const Asked& asked : all) {
    if (!asked.query.memory || asked.mode == OutputMode::kComplete) continue;  // complete gives every window for ever, and nothing is late
    if (found && found->memory != asked.query.memory) {
      return Status::user("bad_late_rows", "the sinks have several queries with windows, each with late rows of its own: make a pipeline for each, or remove late_rows", "late_rows");
    }
    found = &asked.query;
  }
  if (!found && all.front().query.memory) {
    return Status::user("bad_late_rows", "output_mode: complete gives every window again, late rows in it: nothing is left for late_rows, remove it", "late_rows");
  }
  return sql::bind_late_rows(found ? *found : all.front().query);
}

Status DocumentQueries::check_asked(const Asked& asked) const {
  if (!asked.query.memory) return {};
  const sql::Ending ending = terms_.one_epoch ? sql::Ending::kOneEpoch : sql::Ending::kNone;
  LT_RETURN_IF_ERROR(sql::check_mode(*asked.query.memory, asked.mode, event_time_of(*asked.query.memory), ending, bound_));
  LT_RETURN_IF_ERROR(sql::check_changes(asked.query, asked.mode));
  return check_key(asked.query, asked.mode, asked.key);
}

void DocumentQueries::add_event_times(ChainPlan& plan, std::span<const sql::SourceTable> sources) const {
  for (const sql::SourceTable& source : sources) {
    if (source.event_time.empty()) continue;
    ChainPlan::Input& input = plan.inputs.at(source.name);
    arrow::FieldVector fields = input.columns->fields();
    for (const auto& name : input.hidden) fields.push_back(pseudo_column_field(name));
    const EventTimesOptions options{source.event_time, arrow::schema(std::move(fields)), {source.name, source.topic}, skews_.at(source.name)};
    input.event_times = [options](Context& context) { return make_event_times(options, context); };
  }
}

}  // namespace laketide
