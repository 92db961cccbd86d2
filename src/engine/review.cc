#include "engine/review.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <arrow/type.h>

#include "base/nearest_name.h"
#include "engine/catalog.h"
#include "engine/pool_info.h"
#include "engine/source_tables.h"
#include "engine/wiring.h"
#include "flow/schema_text.h"
#include "scheduler/scheduler.h"
#include "sql/query.h"

namespace laketide {
namespace {

constexpr std::string_view kAnyServer = "postgresql://localhost/any";  // nothing connects to it

std::string names_of(const arrow::Schema& schema) {
  std::string text;
  for (const auto& field : schema.fields()) text += (text.empty() ? "" : ", ") + field->name();
  return text;
}

int number_at(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// Looks at one pipeline part by part, so that a mistake in one does not hide those in the others. Confined to its task.
class Reviewer {
 public:
  Reviewer(const config::PipelineSpec& pipeline, const config::ServiceConfig& service) : pipeline_(pipeline), service_(service), rest_(pipeline) {}

  Review run() {
    pool();
    schemas();
    postgres();
    queries();
    const auto known = wired(rest_);
    if (known && bindable_ && !known->schemas.empty()) bind(known->schemas);
    if (review_.complaints.empty()) whole();
    return std::move(review_);
  }

 private:
  void complain(std::string field, std::string detail, int line = 0, int column = 0) {
    review_.complaints.push_back({std::move(field), line, column, std::move(detail)});
  }

  /// A message of the query's parser or binder begins with field:line:column.
  void complain_of_query(const std::string& field, const Status& status) {
    std::string_view detail = status.detail();
    if (!detail.starts_with(field + ":")) return complain(field, std::string(detail));
    detail.remove_prefix(field.size() + 1);
    const int line = number_at(detail);
    detail.remove_prefix(std::min(detail.find(':'), detail.size() - 1) + 1);
    const int column = number_at(detail);
    detail.remove_prefix(std::min(detail.find(": "), detail.size() - 2) + 2);
    complain(field, std::string(detail), line, column);
  }

  void pool() {
    rest_.pool.clear();
    if (pipeline_.pool.empty() || service_.pools.contains(pipeline_.pool)) return;
    std::vector<std::string_view> names;
    std::string listed;
    for (const auto& [name, pool] : service_.pools) {
      names.push_back(name);
      listed += (listed.empty() ? "" : ", ") + name;
    }
    const std::string near = nearest_name(pipeline_.pool, names);
    complain("pool", "no such pool in the service file: \"" + pipeline_.pool + "\"; " + (near.empty() ? "there is: " + listed : "did you mean \"" + near + "\"?"));
  }

  void schemas() {
    for (config::SourceSpec& source : rest_.sources) {
      if (auto* kafka = std::get_if<config::KafkaSourceSpec>(&source.from)) kafka->client.clear();
      if (source.format.schema.empty()) continue;
      const auto schema = parse_schema_text(source.format.schema);
      if (schema.ok()) continue;
      const std::string detail(schema.status().detail());
      constexpr std::string_view kPlace = "at character ";
      const size_t at = detail.find(kPlace);
      const int column = at == std::string::npos ? 0 : number_at(std::string_view(detail).substr(at + kPlace.size()));
      complain("sources." + source.name + (source.is_bounded() ? ".files.schema" : ".format.json.schema"), detail, column > 0 ? 1 : 0, column);
      source.format.schema.clear();
      bindable_ = false;
    }
  }

  void postgres() {
    for (size_t i = 0; i < pipeline_.sinks.size(); ++i) {
      const config::SinkSpec& sink = pipeline_.sinks[i];
      if (sink.kind != "postgres" || !sink.url.empty() || !service_.postgres_url.empty()) continue;
      complain(sink_field(i, "url"), "a postgres sink needs a server; set postgres.url in the service file, or url: \"postgresql://app@host/database\" here");
      rest_.sinks[i].url = kAnyServer;
    }
  }

  std::optional<sql::Query> parsed(const std::string& text, const std::string& field, std::span<const std::string> tables) {
    auto query = sql::parse_query(text, field);
    const Status status = query.ok() ? query->check_tables(tables) : query.status();
    if (status.ok()) return *query;
    complain_of_query(field, status);
    bindable_ = false;
    return std::nullopt;
  }

  void queries() {
    std::vector<std::string> known = table_names(pipeline_);
    if (!pipeline_.sql.empty()) main_ = parsed(pipeline_.sql, "sql", known);
    known.insert(known.begin(), "result");
    rest_.sql.clear();
    selects_.resize(pipeline_.sinks.size());
    for (size_t i = 0; i < pipeline_.sinks.size(); ++i) {
      const std::string& select = pipeline_.sinks[i].select;
      if (!select.empty()) selects_[i] = parsed(select, select_field(i), known);
      rest_.sinks[i].select.clear();
    }
  }

  /// What is known of a pipeline without a record. Immutable.
  struct Known {
    Schemas schemas;                   // of all sources; empty: one has to be learnt
    std::vector<std::string> steps;    // as Review has them
  };

  /// What the wiring says of it; none: it refuses it.
  std::optional<Known> wired(const config::PipelineSpec& pipeline) {
    config::ServiceConfig service = service_;
    service.kafka.client.clear();  // the client library's own, which the caller asks
    if (!service.pools.contains(service.stream_defaults.pool)) return std::nullopt;  // a complaint about the service file
    SchedulerOptions options;
    options.workers = service.engine.threads;  // what the pools' minima are measured against
    const auto scheduler = make_scheduler(options);
    Status set = set_pools(service, *scheduler);
    const auto spec = set.ok() ? wire(pipeline, service, *scheduler) : Result<RunSpec>(set);
    if (!spec.ok()) {
      complain(std::string(spec.status().field()), std::string(spec.status().detail()));
      return std::nullopt;
    }
    Known known;
    if (!pipeline.tables.empty()) return known;  // what static tables have only their servers know
    for (const RunSource& source : spec->sources) {
      const auto schema = declared_schema(source);
      if (!schema.ok() || !*schema) return Known();
      known.schemas[source.name] = *schema;
    }
    const auto plan = spec->plan(known.schemas);
    if (!plan.ok()) return known;  // which the wiring has seen
    for (const auto& branch : plan->branches) known.steps.push_back(branch.steps);
    return known;
  }

  /// All of it together: whether the queries can be run in the sinks' modes, and what they do then.
  void whole() {
    rest_.sql = pipeline_.sql;
    for (size_t i = 0; i < pipeline_.sinks.size(); ++i) rest_.sinks[i].select = pipeline_.sinks[i].select;
    if (auto known = wired(rest_)) review_.steps = std::move(known->steps);
  }

  void bind(const Schemas& schemas) {
    std::vector<sql::SourceTable> tables = source_tables(pipeline_);
    for (auto& one : tables) one.schema = schemas.at(one.name);
    const auto result = (main_ ? *main_ : all_rows(pipeline_)).bind(tables);
    if (!result.ok()) return complain_of_query("sql", result.status());
    for (size_t i = 0; i < pipeline_.sinks.size(); ++i) {
      const auto rows = selects_[i] ? selects_[i]->bind(*result) : result;
      if (rows.ok()) {
        columns_of_sink(i, *rows->output);
      } else {
        complain_of_query(select_field(i), rows.status());
      }
    }
  }

  void columns_of_sink(size_t i, const arrow::Schema& output) {
    const config::SinkSpec& sink = pipeline_.sinks[i];
    std::vector<std::string> order;
    if (!sink.order_by.empty()) order.push_back(sink.order_by);
    const std::pair<const char*, const std::vector<std::string>&> named[] = {{"key", sink.key}, {"partition_by", sink.partition_by}, {"order_by", order}};
    std::vector<std::string_view> names;
    for (const auto& field : output.fields()) names.push_back(field->name());
    for (const auto& [key, columns] : named) {
      for (const std::string& column : columns) {
        if (std::ranges::find(names, column) != names.end()) continue;
        const std::string near = nearest_name(column, names);
        complain(sink_field(i, key), "the rows have no column \"" + column + "\"; " + (near.empty() ? "there is: " + names_of(output) : "did you mean \"" + near + "\"?"));
      }
    }
  }

  std::string sink_field(size_t i, const std::string& key) const { return "sinks[" + std::to_string(i) + "]." + pipeline_.sinks[i].kind + "." + key; }
  static std::string select_field(size_t i) { return "sinks[" + std::to_string(i) + "].select"; }

  const config::PipelineSpec& pipeline_;
  const config::ServiceConfig& service_;
  config::PipelineSpec rest_;  // without what has been looked at already
  bool bindable_ = true;
  std::optional<sql::Query> main_;
  std::vector<std::optional<sql::Query>> selects_;
  Review review_;
};

}  // namespace

Review review_pipeline(const config::PipelineSpec& pipeline, const config::ServiceConfig& service) { return Reviewer(pipeline, service).run(); }

}  // namespace laketide
