#include "flow/static_tables.h"

namespace laketide {

Status StaticTables::publish(const std::string& table, std::shared_ptr<const TableContent> content) {
  const MutexLock change(change_);
  std::map<std::string, Build> builds;
  {
    const MutexLock lock(mutex_);
    builds = tables_[table].builds;
    if (tables_[table].versions.contains(content->version)) return {};
  }
  Version made{content, {}};
  for (const auto& [name, build] : builds) {
    LT_ASSIGN_OR_RETURN(made.indexes[name], build(*content));
  }
  const MutexLock lock(mutex_);
  tables_[table].versions.emplace(content->version, std::move(made));
  return {};
}

Status StaticTables::declare(const std::string& table, const std::string& name, Build build) {
  const MutexLock change(change_);
  std::vector<std::shared_ptr<const TableContent>> contents;
  {
    const MutexLock lock(mutex_);
    if (tables_[table].builds.contains(name)) return {};
    for (const auto& [number, version] : tables_[table].versions) contents.push_back(version.content);
  }
  std::map<int64_t, std::shared_ptr<const TableIndex>> by_version;
  for (const auto& content : contents) {
    LT_ASSIGN_OR_RETURN(by_version[content->version], build(*content));
  }
  const MutexLock lock(mutex_);
  Table& known = tables_[table];
  known.builds.emplace(name, std::move(build));
  for (auto& [number, index] : by_version) {
    // It may have been forgotten meanwhile.
    if (const auto version = known.versions.find(number); version != known.versions.end()) version->second.indexes[name] = std::move(index);
  }
  return {};
}

Result<std::shared_ptr<const TableIndex>> StaticTables::index(const std::string& table, const std::string& name, int64_t version) const {
  const MutexLock lock(mutex_);
  if (const auto known = tables_.find(table); known != tables_.end()) {
    if (const auto at = known->second.versions.find(version); at != known->second.versions.end()) {
      if (const auto made = at->second.indexes.find(name); made != at->second.indexes.end()) return made->second;
    }
  }
  return Status::internal("table_version", "a version of a static table is asked for that is not loaded: " + table + ", " + std::to_string(version));
}

void StaticTables::forget_below(const TableVersions& oldest) {
  std::vector<Version> gone;  // destroyed when the lock is open again
  const MutexLock lock(mutex_);
  for (const auto& [table, version] : oldest) {
    auto& versions = tables_[table].versions;
    while (!versions.empty() && versions.begin()->first < version) {
      gone.push_back(std::move(versions.begin()->second));
      versions.erase(versions.begin());
    }
  }
}

}  // namespace laketide
