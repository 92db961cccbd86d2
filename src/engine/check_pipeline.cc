#include "engine/check_pipeline.h"

#include "engine/source_tables.h"
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

Result<std::string> explain_pipeline(const config::PipelineSpec& pipeline, const Schemas& schemas) {
  if (schemas.size() < pipeline.sources.size() && pipeline.sources.front().is_bounded()) return std::string("bound when the table or the files are opened, which have the schema\n");
  if (schemas.size() < pipeline.sources.size()) return std::string("bound when the topic's first records have told its schema; declare one (format: { json: { schema: … } }) to see the plan now\n");
  std::vector<sql::SourceTable> tables = source_tables(pipeline);
  for (auto& one : tables) one.schema = schemas.at(one.name);
  const sql::SourceTable& table = tables.front();
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
