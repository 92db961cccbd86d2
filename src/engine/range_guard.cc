#include "engine/range_guard.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace laketide {

std::vector<std::string> tables_of(const config::PipelineSpec& pipeline, const config::ServiceConfig& service) {
  std::vector<std::string> tables;
  for (const auto& sink : pipeline.sinks) {
    if (sink.kind == "delta") {
      const std::filesystem::path path = std::filesystem::path(service.lake_root) / sink.path;  // an absolute path stays itself
      std::error_code unknown;
      tables.push_back("delta " + std::filesystem::weakly_canonical(path, unknown).string());
    } else if (sink.kind == "postgres") {
      std::string name = sink.table;
      if (name.find('"') == std::string::npos) std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
      if (name.starts_with("public.")) name.erase(0, 7);
      tables.push_back("postgres " + (sink.url.empty() ? service.postgres_url : sink.url) + " " + name);
    }
  }
  return tables;
}

Status refuse_repeats(const Ranges& job, const EpochPlan& stream, const std::string& table) {
  for (const auto& [wanted, range] : job) {
    for (const auto& [place, next] : stream.next) {
      if (place.topic != wanted.topic || place.partition != wanted.partition) continue;
      const auto found = stream.begin.find(place);
      const NextOffset begin = found == stream.begin.end() ? NextOffset(0) : found->second;
      const NextOffset from = std::max(begin, range.start), to = std::min(next, *range.end);
      if (from >= to) continue;
      return Status::user("range_already_in_table",
                          "a stream has written part of this range into the same table; name another table, a range outside of it, or set allowRepeats to true to have the rows twice. "
                          "Stream " + stream.pipeline + ", " + table.substr(table.rfind(' ') + 1) + ": " + place.topic + " [" + std::to_string(place.partition) + "] has [" +
                              std::to_string(begin.value) + ", " + std::to_string(next.value) + ")",
                          "startOffset");
    }
  }
  return {};
}

}  // namespace laketide
