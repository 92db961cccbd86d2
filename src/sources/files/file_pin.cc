#include "sources/files/file_pin.h"

#include <optional>

#include <nlohmann/json.hpp>

namespace laketide {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;

bool is_entry(const Json& entry) {
  return entry.is_array() && entry.size() == 5 && entry[0].is_string() && entry[1].is_number_integer() && entry[2].is_number_integer() && entry[3].is_number_integer() &&
         entry[4].is_object();
}

}  // namespace

std::string to_pin(const std::vector<PinnedFile>& files) {
  Json list = Json::array();
  for (const PinnedFile& pinned : files) {
    Json values = Json::object();
    for (const auto& [column, value] : pinned.partition_values) values[column] = value ? Json(*value) : Json(nullptr);
    list.push_back({pinned.file.path, pinned.file.size, pinned.file.modified_ms, pinned.rows, std::move(values)});
  }
  return Json{{"version", kVersion}, {"files", std::move(list)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::vector<PinnedFile>> from_pin(const std::string& text) {
  const Status unreadable = Status::internal("bad_pin", "what was kept of a job's files cannot be read; submit the job again");
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("version", 0) != kVersion || !json.contains("files") || !json["files"].is_array()) return unreadable;
  std::vector<PinnedFile> files;
  for (const Json& entry : json["files"]) {
    if (!is_entry(entry)) return unreadable;
    PinnedFile pinned{{entry[0].get<std::string>(), entry[1].get<int64_t>(), entry[2].get<int64_t>()}, entry[3].get<int64_t>(), {}};
    for (const auto& [column, value] : entry[4].items()) {
      pinned.partition_values[column] = value.is_string() ? std::optional(value.get<std::string>()) : std::nullopt;
    }
    files.push_back(std::move(pinned));
  }
  return files;
}

}  // namespace laketide
