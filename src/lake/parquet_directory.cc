#include "lake/parquet_directory.h"

#include <utility>

#include <arrow/type.h>

#include "lake/file_scan.h"
#include "lake/parquet_reader.h"
#include "lake/partition_value.h"

namespace laketide::lake {

namespace {

constexpr const char* kHiveNull = "__HIVE_DEFAULT_PARTITION__";

/// See open_parquet_directory. Caller synchronises.
class ParquetDirectory final : public Table {
 public:
  ParquetDirectory(std::string path, std::shared_ptr<storage::Store> store) : path_(std::move(path)), store_(std::move(store)) {}

  Status open() {
    LT_ASSIGN_OR_RETURN(const auto there, store_->stat(path_));
    if (there && !there->is_directory) {
      found_.files.push_back(file(there->name, *there, {}));
      path_ = storage::parent(path_);
    } else {
      LT_RETURN_IF_ERROR(walk("", {}));
    }
    if (found_.files.empty()) return Status::user("no_table", "there is no table here, neither a Delta log nor a Parquet file: " + path_, "path");
    LT_ASSIGN_OR_RETURN(const auto reader, open_parquet_reader(*store_, data_path(path_, found_.files.front().path)));
    arrow::FieldVector fields = reader->schema()->fields();
    for (const auto& [column, value] : found_.files.front().partition_values) {
      fields.push_back(arrow::field(column, arrow::utf8()));
      found_.metadata.partition_columns.push_back(column);
    }
    found_.schema = arrow::schema(std::move(fields));
    return {};
  }

  bool is_delta() const override { return false; }
  Result<std::vector<int64_t>> versions(const Wait&) override { return std::vector<int64_t>{0}; }

  Result<TableVersion> at(std::optional<int64_t> version, const Wait&) override {
    if (version.value_or(0) == 0) return found_;
    return Status::user("no_such_version", "a directory of Parquet files has no versions: " + std::to_string(*version), "version");
  }

  Status scan(std::optional<int64_t> version, const Take& take, const Wait& wait) override {
    LT_RETURN_IF_ERROR(at(version, wait).status());
    for (const auto& add : found_.files) {
      LT_RETURN_IF_ERROR(scan_file(*store_, path_, add, found_.schema, [&](const auto& batch) {
        return wait.over() ? Status::cancelled("reading files was cut short: " + path_) : take(batch);
      }));
    }
    return {};
  }

  Result<std::vector<HistoryEntry>> history(const Wait&) override { return std::vector<HistoryEntry>(); }

  Result<std::vector<Finding>> verify(const Wait& wait) override {
    std::vector<Finding> findings;
    for (const auto& add : found_.files) {
      if (wait.over()) return Status::cancelled("verifying files was cut short: " + path_);
      const Status scanned = scan_file(*store_, path_, add, found_.schema, [](const auto&) { return Status(); });
      if (scanned.ok()) continue;
      if (scanned.code() != "broken_file") return scanned;
      findings.push_back({0, "broken_file", add.path, std::string(scanned.detail())});
    }
    return findings;
  }

 private:
  static AddFile file(const std::string& path, const storage::Entry& entry, const TextMap& values) {
    AddFile add;
    add.path = uri_encode(path);
    add.partition_values = values;
    add.size = entry.size;
    add.modified_ms = entry.modified_ms;
    return add;
  }

  Status walk(const std::string& directory, const TextMap& values) {
    LT_ASSIGN_OR_RETURN(const auto entries, store_->list(storage::join(path_, directory)));
    for (const auto& entry : entries) {
      if (entry.name.starts_with('_') || entry.name.starts_with('.')) continue;
      const std::string below = directory + entry.name;
      if (!entry.is_directory) {
        if (entry.name.ends_with(".parquet")) found_.files.push_back(file(below, entry, values));
        continue;
      }
      TextMap inside = values;
      if (const auto equals = entry.name.find('='); equals != std::string::npos) {
        const std::string text = uri_decode(entry.name.substr(equals + 1));
        inside[uri_decode(entry.name.substr(0, equals))] = text == kHiveNull ? std::nullopt : std::optional(text);
      }
      LT_RETURN_IF_ERROR(walk(below + "/", inside));
    }
    return {};
  }

  std::string path_;
  std::shared_ptr<storage::Store> store_;
  TableVersion found_;
};

}  // namespace

Result<std::unique_ptr<Table>> open_parquet_directory(const std::string& path, std::shared_ptr<storage::Store> store) {
  auto table = std::make_unique<ParquetDirectory>(path, std::move(store));
  LT_RETURN_IF_ERROR(table->open());
  return std::unique_ptr<Table>(std::move(table));
}

}  // namespace laketide::lake
