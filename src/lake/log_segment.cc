#include "lake/log_segment.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <map>

#include <nlohmann/json.hpp>

namespace laketide::lake {

namespace {

std::string digits20(int64_t version) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%020lld", static_cast<long long>(version));
  return text.data();
}

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

/// What the names in a log say. Confined to its task.
struct Names {
  std::vector<int64_t> commits;
  std::map<int64_t, std::vector<std::vector<std::string>>> checkpoints;  // by version: complete ones, best first

  void add(const std::string& directory, const std::string& name) {
    if (name.size() < 21 || name[20] != '.') return;
    const auto version = number(std::string_view(name).substr(0, 20));
    if (!version) return;
    const std::string rest = name.substr(21);
    const std::string path = storage::join(directory, name);
    if (rest == "json") commits.push_back(*version);
    if (rest == "checkpoint.parquet") {
      auto& complete = checkpoints[*version];
      complete.insert(complete.begin(), std::vector<std::string>{path});
    }
    if (!rest.starts_with("checkpoint.") || rest == "checkpoint.parquet") return;
    const std::string middle = rest.substr(11);
    if (middle.size() == 29 && middle[10] == '.' && middle.ends_with(".parquet")) {
      add_part(*version, path, number(middle.substr(0, 10)), number(middle.substr(11, 10)));
    } else if (middle.ends_with(".parquet") || middle.ends_with(".json")) {
      checkpoints[*version].push_back({path});
    }
  }

 private:
  void add_part(int64_t version, const std::string& path, std::optional<int64_t> part, std::optional<int64_t> parts) {
    if (!part || !parts || *part < 1 || *part > *parts) return;
    auto& found = parts_[{version, *parts}];
    found.push_back(path);
    if (static_cast<int64_t>(found.size()) == *parts) checkpoints[version].push_back(found);
  }

  std::map<std::pair<int64_t, int64_t>, std::vector<std::string>> parts_;
};

Result<Names> list_names(storage::Store& store, const std::string& table_path, int64_t from_version) {
  const std::string directory = log_directory(table_path);
  const std::string after = from_version > 0 ? digits20(from_version - 1) + "~" : "";
  LT_ASSIGN_OR_RETURN(const auto entries, store.list(directory, after));
  Names names;
  for (const auto& entry : entries) names.add(directory, entry.name);
  std::sort(names.commits.begin(), names.commits.end());
  return names;
}

Status gap(int64_t version) {
  return Status::user("broken_log", "the Delta log misses a version, so that its table cannot be read; restore that file or "
                      "the table: version " + std::to_string(version));
}

Result<LogSegment> choose(const Names& names, std::optional<int64_t> at) {
  LogSegment segment;
  for (const auto& [version, complete] : names.checkpoints) {
    if ((!at || version <= *at) && !complete.empty()) segment.checkpoint = CheckpointFiles{version, complete.front()};
  }
  int64_t expected = segment.checkpoint ? segment.checkpoint->version + 1 : 0;
  for (const int64_t version : names.commits) {
    if (version < expected || (at && version > *at)) continue;
    if (version != expected) return gap(expected);
    segment.commits.push_back(version);
    ++expected;
  }
  if (at && segment.version() != *at) {
    return Status::user("no_such_version", "the table does not have that version, or its log was cleaned up: " +
                        std::to_string(*at), "version");
  }
  return segment;
}

}  // namespace

std::string log_directory(const std::string& table_path) { return storage::join(table_path, "_delta_log"); }
std::string commit_path(const std::string& table_path, int64_t version) {
  return storage::join(log_directory(table_path), digits20(version) + ".json");
}
std::string checkpoint_path(const std::string& table_path, int64_t version) {
  return storage::join(log_directory(table_path), digits20(version) + ".checkpoint.parquet");
}
std::string last_checkpoint_path(const std::string& table_path) {
  return storage::join(log_directory(table_path), "_last_checkpoint");
}

std::optional<LastCheckpoint> read_last_checkpoint(storage::Store& store, const std::string& table_path) {
  const auto text = store.get(last_checkpoint_path(table_path));
  if (!text.ok() || !*text) return std::nullopt;
  const auto json = nlohmann::json::parse(**text, nullptr, false);
  if (!json.is_object() || !json.contains("version") || !json["version"].is_number_integer()) return std::nullopt;
  const bool sized = json.contains("size") && json["size"].is_number_integer();
  return LastCheckpoint{json["version"].get<int64_t>(), sized ? json["size"].get<int64_t>() : 0};
}

Result<LogSegment> find_segment(storage::Store& store, const std::string& table_path, std::optional<int64_t> at) {
  const auto hint = read_last_checkpoint(store, table_path);
  if (hint && (!at || hint->version <= *at)) {
    LT_ASSIGN_OR_RETURN(const Names names, list_names(store, table_path, hint->version));
    auto segment = choose(names, at);
    if (segment.ok() && segment->checkpoint) return segment;
  }
  LT_ASSIGN_OR_RETURN(const Names names, list_names(store, table_path, 0));
  return choose(names, at);
}

Result<std::vector<int64_t>> list_commits(storage::Store& store, const std::string& table_path) {
  LT_ASSIGN_OR_RETURN(Names names, list_names(store, table_path, 0));
  return std::move(names.commits);
}

}  // namespace laketide::lake
