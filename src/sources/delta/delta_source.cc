#include "sources/delta/delta_source.h"

#include <utility>
#include <vector>

#include <arrow/type.h>
#include <nlohmann/json.hpp>

#include "base/mutex.h"
#include "lake/live_files.h"
#include "lake/table_features.h"
#include "sources/files/data_files.h"

namespace laketide {
namespace {

using Json = nlohmann::json;

/// What `snapshot` pins. Immutable.
struct Pinned {
  int64_t version = -1;
  std::string table_id;
};

Result<std::optional<Pinned>> parse_pin(const std::string& text) {
  if (text.empty()) return std::optional<Pinned>();
  const Json json = Json::parse(text, nullptr, false);
  const bool fits = json.is_object() && json.contains("version") && json["version"].is_number_integer() && json.contains("tableId") && json["tableId"].is_string();
  if (!fits) return Status::internal("bad_pin", "what was kept of a table's snapshot cannot be read; submit the job again");
  return std::optional(Pinned{json["version"].get<int64_t>(), json["tableId"].get<std::string>()});
}

/// See delta_source.h. Thread-safe.
class DeltaSource final : public Source {
 public:
  DeltaSource(DeltaSourceOptions options, std::optional<Pinned> pinned, std::shared_ptr<storage::Store> store)
      : options_(std::move(options)), pinned_(std::move(pinned)), store_(std::move(store)) {}

  Result<PartitionBounds> bounds(const Wait& wait) override {
    const MutexLock lock(mutex_);
    if (!selection_.files) LT_RETURN_IF_ERROR(load(wait));
    return selection_.layout->bounds(options_.name, options_.shown_as);
  }

  Result<Positions> at_time(Instant, const Wait&) override {
    return Status::user("unsupported", "rows of a table have no time of arrival; read the table whole, and let the query's WHERE choose");
  }

  Result<std::shared_ptr<arrow::Schema>> row_schema(const Wait& wait) override {
    const MutexLock lock(mutex_);
    if (!selection_.files) LT_RETURN_IF_ERROR(load(wait));
    return selection_.files->schema;
  }

  Status select(const Schema& columns, const std::vector<std::string>& hidden) override {
    const MutexLock lock(mutex_);
    selection_.columns = columns;
    selection_.hidden = hidden;
    return {};
  }

  SourceSnapshot snapshot() const override {
    const MutexLock lock(mutex_);
    if (!selection_.files) return {};
    const Json pin{{"version", version_}, {"tableId", table_id_}};
    const Json shown{{"version", version_}, {"files", selection_.files->files.size()}, {"rows", selection_.layout->rows()}};
    return {pin.dump(), shown.dump()};
  }

  bool grows() const override { return false; }

  Result<std::unique_ptr<Reader>> open(Context& context) override {
    const MutexLock lock(mutex_);
    if (!selection_.columns) return Status::internal("no_selection", "a table is opened for reading before its columns were chosen");
    return make_data_file_reader(selection_, store_, options_.open_actor(), context);
  }

  Status mirror(const Positions&, const Wait&) override { return {}; }

  /// A row has no bytes; its place says where it is.
  Result<std::optional<Reject>> fetch(const SourcePartition& place, RecordOffset offset, const Wait&) override {
    Reject row;
    row.source = options_.name;
    row.topic = options_.shown_as;
    row.partition = place.partition;
    row.offset = offset;
    return std::optional(std::move(row));
  }

 private:
  Status load(const Wait& wait) LT_REQUIRES(mutex_) {
    const auto wanted = pinned_ ? std::optional(pinned_->version) : options_.version;
    LT_ASSIGN_OR_RETURN(lake::FullState table, lake::read_full_state(*store_, options_.table_path, wanted, wait));
    if (pinned_ && pinned_->table_id != table.state.metadata.id) {
      return Status::user("table_recreated", "another table stands where the one was that this job began to read; submit the job again to read this one: " + options_.shown_as);
    }
    LT_RETURN_IF_ERROR(lake::check_readable(table.state.protocol, table.state.metadata));
    auto files = std::make_shared<DataFiles>();
    files->root = options_.table_path;
    LT_ASSIGN_OR_RETURN(files->schema, row_schema_of(*table.state.schema));
    for (auto& [key, file] : table.files) {
      if (file.deletion_vector) {
        return Status::user("unsupported_table", "this version cannot read files with deletion vectors; rewrite them with another engine (REORG TABLE … APPLY (PURGE)): " + file.path);
      }
      files->files.push_back(std::move(file));
    }
    LT_ASSIGN_OR_RETURN(files->rows, count_rows(*store_, files->root, files->files, wait));
    version_ = table.state.version;
    table_id_ = table.state.metadata.id;
    selection_.source = options_.name;
    selection_.topic = options_.shown_as;
    selection_.layout = std::make_shared<FileLayout>(files->rows);
    selection_.files = std::move(files);
    return {};
  }

  const DeltaSourceOptions options_;
  const std::optional<Pinned> pinned_;
  const std::shared_ptr<storage::Store> store_;
  mutable Mutex mutex_;
  DataFileSelection selection_ LT_GUARDED_BY(mutex_);
  int64_t version_ LT_GUARDED_BY(mutex_) = -1;
  std::string table_id_ LT_GUARDED_BY(mutex_);
};

}  // namespace

Result<std::unique_ptr<Source>> make_delta_source(DeltaSourceOptions options, std::shared_ptr<storage::Store> store) {
  LT_ASSIGN_OR_RETURN(auto pinned, parse_pin(options.pin));
  return std::unique_ptr<Source>(std::make_unique<DeltaSource>(std::move(options), std::move(pinned), std::move(store)));
}

}  // namespace laketide
