#include "cli/plan_text.h"

#include <sstream>

#include "base/quantity.h"

namespace laketide::cli {
namespace {

std::string on_one_line(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank) out += c;
    else if (!out.empty() && out.back() != ' ') out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
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
  if (const auto* delta = std::get_if<config::DeltaSourceSpec>(&source.from)) {
    return source.name + ": the Delta table " + delta->path + (delta->version ? ", version " + std::to_string(*delta->version) : ", its newest version");
  }
  if (const auto* files = std::get_if<config::FilesSourceSpec>(&source.from)) {
    const std::string declared = files->format == "parquet" ? "" : source.format.schema.empty() ? ", schema inferred" : ", schema declared";
    return source.name + ": the " + files->format + " files " + files->path + declared;
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
  return out + (sink.select.empty() ? "" : ", rows of: " + on_one_line(sink.select));
}

std::string trigger_text(const config::TriggerSpec& trigger) {
  using Kind = config::TriggerSpec::Kind;
  if (trigger.kind == Kind::kOnce) return "one epoch, then finished";
  if (trigger.kind == Kind::kAvailableNow) return "what is there now, then finished";
  if (trigger.kind == Kind::kContinuous) return "every " + duration_text(*trigger.every) + "; the console has each row at once";
  return trigger.every ? "every " + duration_text(*trigger.every) : "as stream_defaults.epoch says";
}

/// Indented, line by line.
void print_steps(const std::string& steps, std::ostream& out) {
  std::istringstream lines(steps);
  for (std::string line; std::getline(lines, line);) out << "         " << line << '\n';
}

}  // namespace

void print_plan(const CheckedPipeline& pipeline, std::ostream& out) {
  const config::PipelineSpec& spec = pipeline.spec;
  out << pipeline.file << ": pipeline " << spec.name << '\n';
  for (const auto& source : spec.sources) out << "  source " << source_text(source) << '\n';
  out << "  query  " << (spec.sql.empty() ? "SELECT * FROM source" : on_one_line(spec.sql)) << '\n';
  for (size_t i = 0; i < spec.sinks.size(); ++i) {
    out << "  sink   " << sink_text(spec.sinks[i]) << '\n';
    if (i < pipeline.steps.size()) print_steps(pipeline.steps[i], out);
  }
  out << "  epochs " << trigger_text(spec.trigger) << '\n';
  out << "  start  " << (spec.autostart ? "with the service" : "by hand") << '\n';
}

}  // namespace laketide::cli
