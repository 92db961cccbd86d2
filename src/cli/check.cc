#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/quantity.h"
#include "cli/commands.h"
#include "config/document_file.h"
#include "config/service_config.h"
#include "engine/check_pipeline.h"
#include "http/server.h"

namespace laketide::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Everything found, over all files. Caller synchronises.
struct Findings {
  std::vector<config::Problem> problems;
  std::vector<std::pair<std::string, config::PipelineSpec>> pipelines;  // file, spec
};

/// A pipeline's document has a source or a sink; a service file never has.
bool is_pipeline(const config::Node& root) {
  const auto has = [&](const char* key) { return root.find(key) != nullptr; };
  return has("source") || has("sources") || has("sinks") || (has("name") && !has("server"));
}

void check_in_service(const std::string& file, const config::PipelineSpec& spec, const config::ServiceConfig& service, Findings& findings) {
  if (!spec.pool.empty() && !service.pools.contains(spec.pool)) {
    findings.problems.push_back({file, 0, 0, "pool", "no such pool in the service file: " + spec.pool});
  }
  if (const Status fits = check_pipeline(spec, service); !fits.ok()) {
    findings.problems.push_back({file, 0, 0, std::string(fits.field()), std::string(fits.detail())});
  }
}

void check_pipeline_file(const std::string& file, const config::ServiceConfig& service, Findings& findings) {
  const auto text = config::read_text(file, findings.problems);
  if (!text) return;
  auto spec = config::parse_pipeline(*text, file, findings.problems);
  if (!spec.ok()) return;
  check_in_service(file, *spec, service, findings);
  findings.pipelines.emplace_back(file, std::move(*spec));
}

void check_service_file(const std::string& file, Findings& findings) {
  const auto service = config::load_service(file, {}, findings.problems);
  if (!service.ok()) return;
  http::ServerOptions options;
  options.listen = service->server.listen;
  options.probe_listen = service->server.probe_listen;
  options.token_file = service->server.token_file;
  options.allow_unauthenticated = service->server.allow_unauthenticated;
  if (const Status usable = http::check_options(options); !usable.ok()) {
    findings.problems.push_back({file, 0, 0, std::string(usable.field()), std::string(usable.detail())});
  }
  for (config::PipelineSpec& spec : config::load_pipelines(service->pipelines, findings.problems)) {
    check_in_service(file + ": pipeline " + spec.name, spec, *service, findings);
    findings.pipelines.emplace_back(file, std::move(spec));
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string source_text(const config::SourceSpec& source) {
  if (const auto* rate = std::get_if<config::RateSourceSpec>(&source.from)) {
    return source.name + ": " + std::to_string(rate->rows_per_second) + " made rows a second";
  }
  const auto& kafka = std::get<config::KafkaSourceSpec>(source.from);
  const std::string what = kafka.pattern.empty() ? joined(kafka.topics) : "topics like " + kafka.pattern;
  const std::string schema = source.format.kind != "json" ? "" : source.format.schema.empty() ? ", schema inferred" : ", schema declared";
  return source.name + ": Kafka " + what + " from " + kafka.start + ", as " + source.format.kind + schema;
}

std::string sink_text(const config::SinkSpec& sink) {
  std::string out = sink.id + ": " + sink.mode;
  if (sink.kind == "delta") out += " to the Delta table " + sink.path + (sink.partition_by.empty() ? "" : ", partitioned by " + joined(sink.partition_by));
  if (sink.kind == "postgres") out += " to the PostgreSQL table " + sink.table + (sink.key.empty() ? "" : ", key " + joined(sink.key));
  if (sink.kind == "console") out += " to the console";
  return out + (sink.select.empty() ? "" : ", rows of: " + sink.select);
}

std::string trigger_text(const config::TriggerSpec& trigger) {
  using Kind = config::TriggerSpec::Kind;
  if (trigger.kind == Kind::kOnce) return "one epoch, then finished";
  if (trigger.kind == Kind::kAvailableNow) return "what is there now, then finished";
  return trigger.every ? "every " + duration_text(*trigger.every) : "as stream_defaults.epoch says";
}

void print_plan(const std::string& file, const config::PipelineSpec& spec, std::ostream& out) {
  out << file << ": pipeline " << spec.name << '\n';
  for (const auto& source : spec.sources) out << "  source " << source_text(source) << '\n';
  out << "  query  " << (spec.sql.empty() ? "SELECT * FROM source" : spec.sql) << '\n';
  for (const auto& sink : spec.sinks) out << "  sink   " << sink_text(sink) << '\n';
  out << "  epochs " << trigger_text(spec.trigger) << '\n';
  out << "  start  " << (spec.autostart ? "with the service" : "by hand") << '\n';
}

void print_json(const Findings& findings, std::ostream& out) {
  Json pipelines = Json::array();
  for (const auto& [file, spec] : findings.pipelines) {
    pipelines.push_back({{"file", file}, {"name", spec.name}, {"document", Json::parse(spec.canonical)}});
  }
  Json problems = Json::array();
  for (const config::Problem& problem : findings.problems) {
    problems.push_back({{"file", problem.file}, {"line", problem.line}, {"column", problem.column}, {"field", problem.field}, {"message", problem.message}});
  }
  out << Json{{"problems", problems}, {"pipelines", pipelines}}.dump() << '\n';
}

}  // namespace

ExitCode check(const CheckOptions& options, const Terminal& terminal) {
  Findings findings;
  config::ServiceConfig service;  // of the service file among them, else the defaults
  std::vector<std::string> pipeline_files;
  for (const std::string& file : options.files) {
    const auto root = config::read_document(file, findings.problems);
    if (!root) continue;
    if (is_pipeline(*root)) {
      pipeline_files.push_back(file);
      continue;
    }
    check_service_file(file, findings);
    std::vector<config::Problem> said_already;
    if (auto loaded = config::load_service(file, {}, said_already); loaded.ok()) service = std::move(*loaded);
  }
  if (service.pools.empty()) {
    std::vector<config::Problem> none;
    if (auto defaults = config::load_service("", {}, none); defaults.ok()) service = std::move(*defaults);
  }
  for (const std::string& file : pipeline_files) check_pipeline_file(file, service, findings);
  if (terminal.json) {
    print_json(findings, terminal.out);
  } else {
    for (const auto& [file, spec] : findings.pipelines) print_plan(file, spec, terminal.out);
    print_problems(terminal, findings.problems);
  }
  return findings.problems.empty() ? ExitCode::kDone : ExitCode::kRefused;
}

}  // namespace laketide::cli
