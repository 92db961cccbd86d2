#include "engine/source_tables.h"

#include <algorithm>

#include "engine/catalog.h"

namespace laketide {

std::vector<std::string> topics_of(const config::SourceSpec& source) {
  if (const auto* delta = std::get_if<config::DeltaSourceSpec>(&source.from)) return {"delta:" + delta->path + (delta->version ? "@" + std::to_string(*delta->version) : "")};
  if (const auto* files = std::get_if<config::FilesSourceSpec>(&source.from)) return {"files:" + files->path};
  const auto* kafka = std::get_if<config::KafkaSourceSpec>(&source.from);
  if (kafka == nullptr) return {};
  std::vector<std::string> topics = kafka->topics;
  if (!kafka->pattern.empty()) topics.push_back(kafka->pattern);
  return topics;
}

std::string only_topic(const config::PipelineSpec& pipeline) {
  const auto topics = topics_of(pipeline);
  const auto is_pattern = [](const config::SourceSpec& source) {
    const auto* kafka = std::get_if<config::KafkaSourceSpec>(&source.from);
    return kafka != nullptr && !kafka->pattern.empty();
  };
  return topics.size() == 1 && std::ranges::none_of(pipeline.sources, is_pattern) ? topics.front() : std::string();
}

std::vector<std::string> sources_over(const config::PipelineSpec& pipeline, const std::string& topic) {
  std::vector<std::string> names;
  for (const auto& source : pipeline.sources) {
    const auto topics = topics_of(source);
    if (std::ranges::find(topics, topic) != topics.end()) names.push_back(source.name);
  }
  if (names.empty()) names.push_back(pipeline.sources.front().name);
  return names;
}

std::vector<sql::SourceTable> source_tables(const config::PipelineSpec& pipeline) {
  std::vector<sql::SourceTable> tables;
  for (const auto& source : pipeline.sources) {
    const bool is_made = std::holds_alternative<config::RateSourceSpec>(source.from);
    tables.push_back({source.name, nullptr, only_topic(pipeline), !is_made, source.event_time.column, source.deduplicate.key, {}});
    if (const auto within = source.deduplicate.within) tables.back().within = within->count();
  }
  return tables;
}

sql::Query all_rows(const config::PipelineSpec& pipeline) {
  if (pipeline.sources.size() == 1) return sql::select_all();
  std::string name;
  for (const char c : pipeline.sources.front().name) name += c == '"' ? "\"\"" : std::string(1, c);
  return sql::parse_query("SELECT * FROM \"" + name + "\"", "sql").value();
}

std::vector<std::string> table_names(const config::PipelineSpec& pipeline) {
  std::vector<std::string> names;
  for (const auto& source : pipeline.sources) names.push_back(source.name);
  if (names.size() == 1) names.push_back("source");
  for (const auto& table : pipeline.tables) names.push_back(table.name);
  return names;
}

}  // namespace laketide
