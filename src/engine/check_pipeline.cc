#include "engine/check_pipeline.h"

#include "engine/catalog.h"
#include "engine/pool_info.h"
#include "engine/wiring.h"
#include "scheduler/scheduler.h"
#include "sql/query.h"

namespace laketide {

Status check_pipeline(const config::PipelineSpec& pipeline, const config::ServiceConfig& service) {
  SchedulerOptions options;
  options.workers = service.engine.threads;  // what the pools' minima are measured against
  const auto scheduler = make_scheduler(options);
  LT_RETURN_IF_ERROR(set_pools(service, *scheduler));
  return wire(pipeline, service, *scheduler).status();
}

Result<std::string> explain_pipeline(const config::PipelineSpec& pipeline, const Schema& schema) {
  if (!schema && pipeline.sources.front().is_bounded()) return std::string("bound when the table or the files are opened, which have the schema\n");
  if (!schema) return std::string("bound when the topic's first records have told its schema; declare one (format: { json: { schema: … } }) to see the plan now\n");
  const auto& source = pipeline.sources.front();
  const bool is_made = std::holds_alternative<config::RateSourceSpec>(source.from);
  const auto topics = topics_of(pipeline);
  const sql::SourceTable table{source.name, schema, topics.size() == 1 ? topics.front() : "", !is_made};
  sql::Query main = sql::select_all();
  if (!pipeline.sql.empty()) {
    LT_ASSIGN_OR_RETURN(main, sql::parse_query(pipeline.sql, pipeline.name + ": sql"));
  }
  LT_ASSIGN_OR_RETURN(const sql::BoundQuery result, main.bind(table));
  std::string text;
  for (const auto& sink : pipeline.sinks) {
    sql::BoundQuery bound = result;
    if (!sink.select.empty()) {
      LT_ASSIGN_OR_RETURN(const sql::Query select, sql::parse_query(sink.select, pipeline.name + ": select of " + sink.id));
      LT_ASSIGN_OR_RETURN(bound, select.bind(table, result));
    }
    text += sink.id + ":\n" + bound.explain + (bound.explain.ends_with('\n') ? "" : "\n");
  }
  return text;
}

}  // namespace laketide
