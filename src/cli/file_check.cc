#include "cli/file_check.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "config/document_file.h"
#include "config/value_place.h"
#include "http/server.h"
#include "kafka/client_settings.h"

namespace laketide::cli {
namespace {

/// A pipeline's document has a source or a sink; a service file never has.
bool is_pipeline(const config::Node& root) {
  const auto has = [&](const char* key) { return root.find(key) != nullptr; };
  return has("source") || has("sources") || has("sinks") || has("sink") || has("sql") || (has("name") && !has("server"));
}

/// How the document may spell a path whose first parts it may write in other ways.
std::vector<std::string> spellings(const std::string& field) {
  std::vector<std::string> all{field};
  constexpr std::string_view kSources = "sources.";
  if (field.starts_with(kSources)) {
    // `sources.events.format…` of a document with one source is `source.format…`.
    for (const std::string_view part : {".format", ".kafka", ".rate"}) {
      if (const size_t at = field.find(part, kSources.size()); at != std::string::npos) all.push_back("source" + field.substr(at));
    }
  }
  if (field.ends_with("].select")) {
    for (const char* kind : {"delta", "postgres", "console"}) all.push_back(field.substr(0, field.size() - 6) + kind + ".select");
  }
  return all;
}

const config::Node& value_of(const config::Node& root, const std::string& field) {
  const auto all = spellings(field);
  for (const std::string& path : all) {
    if (const config::Node* found = config::find_value(root, path)) return *found;
  }
  return config::nearest_value(root, all.size() > 1 && root.find("source") != nullptr ? all.back() : field);
}

std::string canonical(const std::string& file) {
  std::error_code failed;
  return std::filesystem::weakly_canonical(file, failed).string();
}

}  // namespace

FileCheck::FileCheck(const std::vector<std::string>& files) {
  std::vector<config::Problem> seen;  // is said again when the file is read for what it is
  const auto defaults = config::load_service("", {}, seen);
  if (defaults.ok()) service_ = *defaults;
  std::vector<std::string> pipeline_files;
  bool has_service = false;
  for (const std::string& file : files) {
    std::vector<config::Problem> unreadable;
    const auto root = config::read_document(file, unreadable);
    if (!root) {
      problems_.insert(problems_.end(), unreadable.begin(), unreadable.end());
    } else if (is_pipeline(*root)) {
      pipeline_files.push_back(file);
    } else {
      const auto loaded = config::load_service(file, {}, seen);
      if (loaded.ok() && !has_service) service_ = *loaded;
      has_service = has_service || loaded.ok();
      check_service_file(file);
    }
  }
  std::set<std::string> done;
  for (const CheckedPipeline& pipeline : pipelines_) done.insert(canonical(pipeline.file));
  for (const config::Problem& problem : problems_) done.insert(canonical(problem.file));
  for (const std::string& file : pipeline_files) {
    if (done.insert(canonical(file)).second) check_pipeline_file(file);
  }
}

void FileCheck::complain(const Document& document, const std::string& file, const Complaint& complaint) {
  const config::Node& value = value_of(document.root, complaint.field);
  config::Place place = value.place;
  std::string message = complaint.detail;
  if (complaint.line > 0) {
    place = config::place_within(value, document.text, complaint.line, complaint.column);
    if (place.line == 0) {
      place = value.place;
      message += "; in line " + std::to_string(complaint.line) + ", column " + std::to_string(complaint.column) + " of this text";
    }
  }
  problems_.push_back({file, place.line, place.column, complaint.field, message});
}

void FileCheck::check_settings(const Document& document, const std::string& file, const std::string& field, const std::map<std::string, std::string>& client) {
  for (const auto& [name, value] : client) {
    const Status fits = kafka::check_settings({{name, value}});
    if (!fits.ok()) complain(document, file, {field + "." + name, 0, 0, std::string(fits.detail())});
  }
}

void FileCheck::check_pipeline_file(const std::string& file) {
  const auto text = config::read_text(file, problems_);
  if (!text) return;
  const auto spec = config::parse_pipeline(*text, file, problems_);
  std::vector<config::Problem> seen;
  const auto root = config::parse_document(*text, file, seen);
  if (!spec.ok() || !root) return;
  const Document document{*text, *root};
  const size_t before = problems_.size();
  const auto [first, is_new] = files_of_names_.emplace(spec->name, file);
  if (!is_new) complain(document, file, {"name", 0, 0, "another file has a pipeline of this name; rename one: " + spec->name + " is in " + first->second});
  for (const config::SourceSpec& source : spec->sources) {
    if (const auto* kafka = std::get_if<config::KafkaSourceSpec>(&source.from)) check_settings(document, file, "sources." + source.name + ".kafka.client", kafka->client);
  }
  const Review review = review_pipeline(*spec, service_);
  for (const Complaint& complaint : review.complaints) complain(document, file, complaint);
  config::sort_by_place(problems_, before);
  pipelines_.push_back({file, *spec, review.steps});
}

void FileCheck::check_service_file(const std::string& file) {
  const size_t before = problems_.size();
  const auto service = config::load_service(file, {}, problems_);
  if (!service.ok()) return;
  std::vector<config::Problem> seen;
  const auto text = config::read_text(file, seen);
  const auto root = text ? config::parse_document(*text, file, seen) : std::nullopt;
  if (!root) return;
  const Document document{*text, *root};
  http::ServerOptions options;
  options.listen = service->server.listen;
  options.probe_listen = service->server.probe_listen;
  options.token_file = service->server.token_file;
  options.allow_unauthenticated = service->server.allow_unauthenticated;
  if (const Status usable = http::check_options(options); !usable.ok()) complain(document, file, {std::string(usable.field()), 0, 0, std::string(usable.detail())});
  check_settings(document, file, "kafka.client", service->kafka.client);
  config::sort_by_place(problems_, before);
  std::vector<std::string> files;
  std::vector<config::Problem> found;
  for (const config::PipelineSpec& spec : config::load_pipelines(service->pipelines, found)) files.push_back(spec.file);
  for (const config::Problem& problem : found) files.push_back(problem.file);
  std::ranges::sort(files);
  files.erase(std::ranges::unique(files).begin(), files.end());
  for (const std::string& one : files) check_pipeline_file(one);
}

}  // namespace laketide::cli
