#include "engine/catalog.h"

#include <algorithm>
#include <cctype>

#include <nlohmann/json.hpp>

#include "engine/source_tables.h"
namespace laketide {

namespace {

std::string implicit_document(const std::string& topic) {
  return nlohmann::json{{"name", topic},
                        {"source", {{"kafka", {{"topic", topic}, {"start", "earliest"}}}, {"format", {{"json", nlohmann::json::object()}}}}},
                        {"sinks", {{{"delta", {{"path", topic}}}}}}}
      .dump();
}

/// PostgreSQL folds unquoted names to lower case; one that begins with a digit must be quoted.
std::string table_named_after(const std::string& topic) {
  std::string name;
  for (const unsigned char c : topic) name += std::isalnum(c) ? static_cast<char>(std::tolower(c)) : '_';
  return std::isdigit(static_cast<unsigned char>(name.front())) ? '"' + name + '"' : name;
}

std::string implicit_job_document(const std::string& topic, Catalog::JobTable table) {
  nlohmann::json document = nlohmann::json::parse(implicit_document(topic));
  nlohmann::json& sink = document["sinks"][0];
  if (table == Catalog::JobTable::kPostgres) {
    sink = {{"postgres", {{"table", table_named_after(topic)}}}};
  } else {
    sink = {{"delta", {{"path", topic + "_batch"}}}};
  }
  return document.dump();
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

std::vector<std::string> topics_of(const config::PipelineSpec& spec) {
  std::vector<std::string> topics;
  for (const auto& source : spec.sources) {
    const auto own = topics_of(source);
    topics.insert(topics.end(), own.begin(), own.end());
  }
  return topics;
}

void Catalog::add_file(config::PipelineSpec spec) {
  std::string name = spec.name;
  entries_[std::move(name)] = CatalogEntry{std::move(spec), "file", false};
}

Status Catalog::add(CatalogEntry entry) {
  const auto known = entries_.find(entry.spec.name);
  if (known != entries_.end() && known->second.is_read_only()) {
    if (known->second.spec.canonical == entry.spec.canonical) return {};
    return read_only(known->second);
  }
  std::string name = entry.spec.name;
  entries_[std::move(name)] = std::move(entry);
  return {};
}

Status Catalog::read_only(const CatalogEntry& entry) {
  return Status::user("pipeline_read_only", "a pipeline of this name comes from a file; change or remove the file and send the service SIGHUP (systemctl reload), or give the document another name: " +
                                                entry.spec.name + (entry.spec.file.empty() ? "" : ", " + entry.spec.file), "name");
}

Status Catalog::file_gone(const CatalogEntry& entry) {
  return Status::user("pipeline_file_gone", "the file of this pipeline is no longer there; put it back and send the service SIGHUP, PUT the document over HTTP, or DELETE the pipeline: " +
                                                entry.spec.name + (entry.spec.file.empty() ? "" : ", " + entry.spec.file));
}

const CatalogEntry* Catalog::find(const std::string& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

std::vector<std::string> Catalog::readers_of(const std::string& topic) const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) {
    const auto topics = topics_of(entry.spec);
    if (std::ranges::find(topics, topic) != topics.end()) names.push_back(name);
  }
  return names;
}

Result<CatalogEntry> Catalog::from_document(const std::string& text, const std::string& origin) {
  std::vector<config::Problem> problems;
  // A file's author may use variables and absolute paths, also in what is stored of it.
  auto spec = config::parse_pipeline(text, origin == "file" ? "stored document" : "request", problems);
  if (!problems.empty()) {
    std::vector<std::string> lines;
    for (const auto& problem : problems) lines.push_back(problem.to_string());
    return Status::user("bad_document", join(lines), problems.front().field);
  }
  if (!spec.ok()) return spec.status();
  return CatalogEntry{std::move(spec).value(), origin, false};
}

Result<CatalogEntry> Catalog::resolve(const StreamRequest& request) const {
  const int given = !request.topic.empty() + !request.pipeline.empty() + !request.document.empty();
  if (given != 1) return Status::user("bad_request", "give one of topic, pipeline, or a whole pipeline document");
  if (!request.topic.empty()) return resolve_topic(request.topic);
  if (!request.document.empty()) return from_document(request.document, "http");
  if (const auto* entry = find(request.pipeline)) return *entry;
  return Status::user("unknown_pipeline", "no pipeline of this name is configured; GET /pipelines lists them, or send a whole pipeline document: " + request.pipeline, "pipeline");
}

Result<CatalogEntry> Catalog::resolve_job(const JobRequest& request, JobTable table) const {
  if (request.topic.empty() || !request.pipeline.empty() || !request.document.empty()) {
    return resolve(StreamRequest{request.topic, request.pipeline, request.document});
  }
  return from_document(implicit_job_document(request.topic, table), "implicit");
}

Result<CatalogEntry> Catalog::resolve_topic(const std::string& topic) const {
  const auto names = readers_of(topic);
  if (names.size() == 1) return *find(names.front());
  if (names.size() > 1) {
    return Status::user("ambiguous_topic", "several pipelines read this topic; name one as \"pipeline\": " + join(names), "topic");
  }
  return from_document(implicit_document(topic), "implicit");
}

}  // namespace laketide
