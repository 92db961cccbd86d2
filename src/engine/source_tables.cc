#include "engine/source_tables.h"

#include "engine/catalog.h"

namespace laketide {

std::vector<std::string> topics_of(const config::SourceSpec& source) {
  if (const auto* delta = std::get_if<config::DeltaSourceSpec>(&source.from)) return {"delta:" + delta->path};
  if (const auto* files = std::get_if<config::FilesSourceSpec>(&source.from)) return {"files:" + files->path};
  const auto* kafka = std::get_if<config::KafkaSourceSpec>(&source.from);
  if (kafka == nullptr) return {};
  std::vector<std::string> topics = kafka->topics;
  if (!kafka->pattern.empty()) topics.push_back(kafka->pattern);
  return topics;
}

// A row's place names its topic if rows of several topics can meet.
std::vector<sql::SourceTable> source_tables(const config::PipelineSpec& pipeline) {
  const auto topics = topics_of(pipeline);
  std::vector<sql::SourceTable> tables;
  for (const auto& source : pipeline.sources) {
    const bool is_made = std::holds_alternative<config::RateSourceSpec>(source.from);
    tables.push_back({source.name, nullptr, topics.size() == 1 ? topics.front() : "", !is_made, source.event_time.column});
  }
  return tables;
}

std::vector<std::string> table_names(const config::PipelineSpec& pipeline) {
  std::vector<std::string> names;
  for (const auto& source : pipeline.sources) names.push_back(source.name);
  if (names.size() == 1) names.push_back("source");
  return names;
}

}  // namespace laketide
