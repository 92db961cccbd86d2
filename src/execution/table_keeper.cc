#include "execution/table_keeper.h"

#include <algorithm>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/clock.h"
#include "base/log.h"

namespace laketide {
namespace {

constexpr std::chrono::minutes kLoadTimeout{10};

int64_t rows_of(const std::vector<Batch>& batches) {
  int64_t rows = 0;
  for (const Batch& batch : batches) rows += batch->num_rows();
  return rows;
}

}  // namespace

TableKeeper::TableKeeper(std::string pipeline, std::vector<StaticTableSpec> tables, Scheduler& scheduler, Account account)
    : pipeline_(std::move(pipeline)), tables_(std::move(tables)), scheduler_(scheduler), account_(std::move(account)) {}

Status TableKeeper::open(const TableVersions& wanted, const std::shared_ptr<RunMemory>& memory, const Wait& wait) {
  const MutexLock work(work_);
  {
    const MutexLock lock(mutex_);
    memory_ = memory;
  }
  board_.forget_indexes();
  for (const StaticTableSpec& table : tables_) {
    const auto version = wanted.find(table.name);
    const Status opened = open_one(table, version == wanted.end() ? std::nullopt : std::optional(version->second), wait);
    if (!opened.ok()) return opened.in("tables." + table.name);
  }
  keep_fresh();
  return {};
}

Result<bool> TableKeeper::renew(const std::shared_ptr<RunMemory>& memory, const Wait& wait) {
  const TableSchemas before = schemas();
  LT_RETURN_IF_ERROR(open({}, memory, wait));
  return !std::ranges::equal(before, schemas(), [](const auto& one, const auto& other) { return one.first == other.first && one.second->Equals(other.second, true); });
}

Status TableKeeper::open_one(const StaticTableSpec& table, std::optional<int64_t> wanted, const Wait& wait) {
  if (wanted) {
    LT_ASSIGN_OR_RETURN(const bool restored, restore(table, *wanted));
    if (!restored) {
      return Status::user("table_version_lost", "an epoch that must be run again saw a content of this static table that is not in the state directory (any more); put the "
                                                "directory back, or reset the pipeline: " + to_iso(Instant{*wanted}));
    }
    const MutexLock lock(mutex_);
    kept_[table.name].opened = *wanted;
    return {};
  }
  bool loaded = false;
  {
    const MutexLock lock(mutex_);
    loaded = kept_[table.name].newest > 0;
  }
  if (!loaded) LT_RETURN_IF_ERROR(load_or_keep(table, wait));
  const MutexLock lock(mutex_);
  kept_[table.name].opened = kept_[table.name].newest;
  return {};
}

// At the first start a server that is away need not hold the stream up, if there is a content of before.
Status TableKeeper::load_or_keep(const StaticTableSpec& table, const Wait& wait) {
  const Status loaded = load(table, wait);
  if (loaded.ok() || !loaded.retryable()) return loaded;
  LT_ASSIGN_OR_RETURN(const auto versions, table.files->versions());
  if (versions.empty()) return loaded;
  LT_ASSIGN_OR_RETURN(const bool restored, restore(table, versions.back()));
  if (!restored) return loaded;
  note(table.name, loaded);
  const MutexLock lock(mutex_);
  kept_[table.name].newest = versions.back();
  return {};
}

Result<bool> TableKeeper::restore(const StaticTableSpec& table, int64_t version) {
  {
    const MutexLock lock(mutex_);
    if (kept_[table.name].versions.contains(version)) return true;
  }
  LT_ASSIGN_OR_RETURN(auto saved, table.files->read(version, memory().get()));
  if (!saved) return false;
  LT_RETURN_IF_ERROR(add(table, {version, saved->schema, std::move(saved->rows), ""}, saved->checksum));
  return true;
}

Status TableKeeper::add(const StaticTableSpec& table, TableContent content, uint64_t checksum) {
  const auto shared = std::make_shared<const TableContent>(std::move(content));
  LT_RETURN_IF_ERROR(board_.publish(table.name, shared));
  const MutexLock lock(mutex_);
  kept_[table.name].versions[shared->version] = {shared->schema, checksum, rows_of(shared->rows)};
  return {};
}

Status TableKeeper::load(const StaticTableSpec& table, const Wait& wait) {
  std::string known;
  {
    const MutexLock lock(mutex_);
    known = kept_[table.name].mark;
  }
  LT_ASSIGN_OR_RETURN(auto loaded, table.loader->load(known, memory().get(), wait));
  if (!loaded) return {};
  TableContent& content = *loaded;
  const std::string mark = content.mark;
  uint64_t checksum = 0;
  LT_ASSIGN_OR_RETURN(const std::string packed, state::TableFiles::packed(content.schema, content.rows, checksum));
  int64_t newest = 0;
  {
    const MutexLock lock(mutex_);
    Kept& kept = kept_[table.name];
    newest = kept.newest;
    if (newest > 0 && kept.versions.at(newest).checksum == checksum) {
      kept.mark = mark;
      return {};
    }
  }
  LT_ASSIGN_OR_RETURN(const auto versions, table.files->versions());
  for (const int64_t one : versions) newest = std::max(newest, one);
  content.version = std::max(system_clock().now().micros, newest + 1);
  LT_RETURN_IF_ERROR(table.files->write(content.version, packed));
  const int64_t version = content.version;
  LT_RETURN_IF_ERROR(add(table, std::move(content), checksum));
  const MutexLock lock(mutex_);
  kept_[table.name].newest = version;
  kept_[table.name].mark = mark;
  return {};
}

void TableKeeper::keep_fresh() {
  {
    const MutexLock lock(mutex_);
    if (std::exchange(fresh_, true)) return;
  }
  const IoActor actor = scheduler_.io_actor("tables " + pipeline_, account_);
  for (size_t i = 0; i < tables_.size(); ++i) {
    if (tables_[i].refresh) refresh_later(i, actor);
  }
}

void TableKeeper::refresh_later(size_t index, const IoActor& actor) {
  scheduler_.after(*tables_[index].refresh, actor, [weak = weak_from_this(), index, actor] {
    if (const auto self = weak.lock()) self->refresh(index, actor);
  });
}

void TableKeeper::refresh(size_t index, const IoActor& actor) {
  if (stop_.token().stop_requested()) return;
  const StaticTableSpec& table = tables_[index];
  Status loaded;
  {
    const MutexLock work(work_);
    loaded = load(table, Wait::for_at_most(kLoadTimeout, stop_.token()));
  }
  if (stop_.token().stop_requested()) return;
  if (!loaded.ok()) {
    log::warn("a static table could not be loaded again; its content of before is used", {{"pipeline", pipeline_}, {"table", table.name}, {"reason", loaded.to_string()}});
  }
  note(table.name, loaded);
  refresh_later(index, actor);
}

void TableKeeper::note(const std::string& table, const Status& problem) {
  const MutexLock lock(mutex_);
  kept_[table].problem = problem;
}

std::shared_ptr<RunMemory> TableKeeper::memory() const {
  const MutexLock lock(mutex_);
  return memory_;
}

TableSchemas TableKeeper::schemas() const {
  const MutexLock lock(mutex_);
  TableSchemas all;
  for (const auto& [name, kept] : kept_) all.emplace_back(name, kept.versions.at(kept.opened).schema);
  return all;
}

TableVersions TableKeeper::newest() const {
  const MutexLock lock(mutex_);
  TableVersions versions;
  for (const auto& [name, kept] : kept_) versions[name] = kept.newest > 0 ? kept.newest : kept.opened;
  return versions;
}

Status TableKeeper::forget_below(const TableVersions& oldest) {
  board_.forget_below(oldest);
  for (const StaticTableSpec& table : tables_) {
    const auto version = oldest.find(table.name);
    if (version == oldest.end()) continue;
    {
      const MutexLock lock(mutex_);
      Kept& kept = kept_[table.name];
      if (kept.forgotten >= version->second) continue;
      kept.versions.erase(kept.versions.begin(), kept.versions.lower_bound(version->second));
    }
    LT_RETURN_IF_ERROR(table.files->forget_below(version->second));
    const MutexLock lock(mutex_);
    kept_[table.name].forgotten = version->second;
  }
  return {};
}

std::vector<TableView> TableKeeper::views() const {
  const MutexLock lock(mutex_);
  std::vector<TableView> all;
  for (const StaticTableSpec& table : tables_) {
    TableView view;
    view.name = table.name;
    if (const auto kept = kept_.find(table.name); kept != kept_.end()) {
      view.version = kept->second.newest;
      if (const auto newest = kept->second.versions.find(view.version); newest != kept->second.versions.end()) view.rows = newest->second.rows;
      view.problem = kept->second.problem;
    }
    all.push_back(std::move(view));
  }
  return all;
}

void TableKeeper::close() {
  stop_.request_stop();
  TableVersions all;
  for (const StaticTableSpec& table : tables_) all[table.name] = INT64_MAX;
  board_.forget_below(all);
}

}  // namespace laketide
