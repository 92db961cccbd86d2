#include "sources/files/files_source.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <arrow/type.h>
#include <nlohmann/json.hpp>

#include "base/mutex.h"
#include "lake/file_scan.h"
#include "lake/parquet_reader.h"
#include "lake/partition_value.h"
#include "lake/table.h"
#include "sources/files/data_files.h"
#include "sources/files/file_pin.h"
#include "sources/files/text_files.h"

namespace laketide {
namespace {

std::vector<std::string> endings_of(const std::string& format) {
  if (format == "csv") return {".csv"};
  return {".json", ".jsonl", ".ndjson"};
}

Status no_times() {
  return Status::user("unsupported", "rows of files have no time of arrival; read the files whole, and let the query's WHERE choose");
}

/// What both kinds have: which files they are, and that these are pinned. Thread-safe.
class PinnedSource : public FilesSource {
 public:
  PinnedSource(FilesSourceOptions options, std::shared_ptr<storage::Store> store) : options_(std::move(options)), store_(std::move(store)) {}

  Result<PartitionBounds> bounds(const Wait& wait) override {
    const MutexLock lock(mutex_);
    LT_RETURN_IF_ERROR(settle(wait));
    return layout_->bounds(options_.name, options_.shown_as);
  }

  Result<Positions> at_time(Instant, const Wait&) override { return no_times(); }

  SourceSnapshot snapshot() const override {
    const MutexLock lock(mutex_);
    if (!layout_) return {};
    const nlohmann::json shown{{"files", files_.size()}, {"rows", layout_->rows()}};
    return {to_pin(files_), shown.dump()};
  }

  bool grows() const override { return false; }
  Status mirror(const Positions&, const Wait&) override { return {}; }
  std::string header() const override { return {}; }

 protected:
  /// Finds the files, with the rows of each.
  virtual Result<std::vector<PinnedFile>> find(const Wait& wait) = 0;
  /// Takes files that are known by now.
  virtual Status prepare(const std::vector<PinnedFile>& files, std::shared_ptr<const FileLayout> layout, const Wait& wait) = 0;

  Status settle(const Wait& wait) LT_REQUIRES(mutex_) {
    if (layout_) return {};
    std::vector<PinnedFile> files;
    if (options_.pin.empty()) {
      LT_ASSIGN_OR_RETURN(files, find(wait));
    } else {
      LT_ASSIGN_OR_RETURN(files, from_pin(options_.pin));
      LT_RETURN_IF_ERROR(check_unchanged(files, wait));
    }
    std::vector<int64_t> rows;
    for (const PinnedFile& file : files) rows.push_back(file.rows);
    auto layout = std::make_shared<const FileLayout>(rows);
    LT_RETURN_IF_ERROR(prepare(files, layout, wait));
    files_ = std::move(files);
    layout_ = std::move(layout);
    return {};
  }

  const FilesSourceOptions options_;
  const std::shared_ptr<storage::Store> store_;
  mutable Mutex mutex_;
  std::vector<PinnedFile> files_ LT_GUARDED_BY(mutex_);
  std::shared_ptr<const FileLayout> layout_ LT_GUARDED_BY(mutex_);  // null: not settled

 private:
  Status check_unchanged(const std::vector<PinnedFile>& files, const Wait& wait) const {
    for (const PinnedFile& pinned : files) {
      if (wait.over()) return Status::cancelled("looking at files was cut short: " + pinned.file.path);
      LT_ASSIGN_OR_RETURN(const auto there, store_->stat(pinned.file.path));
      if (there && there->size == pinned.file.size && there->modified_ms == pinned.file.modified_ms) continue;
      return Status::user("files_changed", "a file is not the one (any more) that this job began to read, and half of each would be neither; submit the job again: " + pinned.file.path);
    }
    return {};
  }
};

/// Thread-safe.
class ParquetFilesSource final : public PinnedSource {
 public:
  using PinnedSource::PinnedSource;

  Result<std::shared_ptr<arrow::Schema>> row_schema(const Wait& wait) override {
    const MutexLock lock(mutex_);
    LT_RETURN_IF_ERROR(settle(wait));
    return selection_.files->schema;
  }

  Status select(const Schema& columns, const std::vector<std::string>& hidden) override {
    const MutexLock lock(mutex_);
    selection_.columns = columns;
    selection_.hidden = hidden;
    return {};
  }

  Result<std::unique_ptr<Reader>> open(Context& context) override {
    const MutexLock lock(mutex_);
    if (!selection_.columns) return Status::internal("no_selection", "files are opened for reading before their columns were chosen");
    return make_data_file_reader(selection_, store_, options_.open_actor(), context);
  }

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
  // A folder is looked through by the lake, which knows `column=value`; names and patterns by us.
  Result<std::vector<PinnedFile>> find(const Wait& wait) override {
    LT_ASSIGN_OR_RETURN(const auto there, is_pattern(options_.path) ? std::optional<storage::Entry>() : store_->stat(options_.path));
    std::vector<PinnedFile> files;
    if (there && there->is_directory) {
      LT_ASSIGN_OR_RETURN(const auto table, lake::open_table(options_.path, store_));
      if (table->is_delta()) return Status::user("unsupported_table", "this is a Delta table: read it with delta: { path: … } instead of files; its old files lie in the folder too: " + options_.shown_as, "sources");
      LT_ASSIGN_OR_RETURN(const auto version, table->at({}, wait));
      for (const auto& add : version.files) files.push_back({{lake::data_path(options_.path, add.path), add.size, add.modified_ms}, 0, add.partition_values});
    } else {
      LT_ASSIGN_OR_RETURN(const auto found, find_files(*store_, options_.path, {".parquet"}, wait));
      for (const FoundFile& file : found) files.push_back({file, 0, {}});
    }
    for (PinnedFile& file : files) {
      if (wait.over()) return Status::cancelled("counting rows was cut short: " + file.file.path);
      LT_ASSIGN_OR_RETURN(const auto reader, lake::open_parquet_reader(*store_, file.file.path));
      file.rows = reader->rows();
    }
    return files;
  }

  Status prepare(const std::vector<PinnedFile>& pinned, std::shared_ptr<const FileLayout> layout, const Wait&) override {
    auto files = std::make_shared<DataFiles>();
    files->root = ".";
    for (const PinnedFile& file : pinned) {
      lake::AddFile add;
      add.path = lake::uri_encode(file.file.path);
      add.partition_values = file.partition_values;
      add.size = file.file.size;
      files->files.push_back(std::move(add));
      files->rows.push_back(file.rows);
    }
    LT_ASSIGN_OR_RETURN(const auto first, lake::open_parquet_reader(*store_, pinned.front().file.path));
    arrow::FieldVector fields = first->schema()->fields();
    for (const auto& [column, value] : pinned.front().partition_values) fields.push_back(arrow::field(column, arrow::utf8()));
    LT_ASSIGN_OR_RETURN(files->schema, row_schema_of(*arrow::schema(std::move(fields))));
    selection_ = {options_.name, options_.shown_as, std::move(files), std::move(layout), selection_.columns, selection_.hidden};
    return {};
  }

  DataFileSelection selection_;  // guarded by mutex_, which every caller of `prepare` holds
};

/// Thread-safe.
class TextFilesSource final : public PinnedSource {
 public:
  TextFilesSource(FilesSourceOptions options, std::shared_ptr<storage::Store> store) : PinnedSource(std::move(options), std::move(store)) {
    const bool is_csv = options_.format == "csv";
    shape_ = {is_csv, options_.delimiter, is_csv && options_.header};
  }

  std::string header() const override {
    const MutexLock lock(mutex_);
    return header_;
  }

  Result<std::unique_ptr<Reader>> open(Context& context) override {
    const MutexLock lock(mutex_);
    if (!selection_) return Status::internal("no_bounds", "files are opened for reading before they were looked for");
    return make_text_reader(selection_, store_, options_.open_actor(), context);
  }

  Result<std::optional<Reject>> fetch(const SourcePartition& place, RecordOffset offset, const Wait& wait) override {
    const MutexLock lock(mutex_);
    LT_RETURN_IF_ERROR(settle(wait));
    return read_text_record(*selection_, *store_, place.partition, offset.value, wait);
  }

 private:
  // Counting reads every file once more; the operating system has it in memory then, and an offset means the same record for ever.
  Result<std::vector<PinnedFile>> find(const Wait& wait) override {
    LT_ASSIGN_OR_RETURN(const auto found, find_files(*store_, options_.path, endings_of(options_.format), wait));
    std::vector<PinnedFile> files;
    for (const FoundFile& file : found) {
      LT_ASSIGN_OR_RETURN(const auto text, TextFile::open(*store_, file.path, shape_));
      int64_t records = 0;
      TextBlock block;
      for (bool more = true; more; records += static_cast<int64_t>(block.records.size())) {
        if (wait.over()) return Status::cancelled("counting records was cut short: " + file.path);
        LT_ASSIGN_OR_RETURN(more, text->next(block));
      }
      LT_RETURN_IF_ERROR(check_header(found.front(), file, text->header()));
      files.push_back({file, records, {}});
    }
    return files;
  }

  Status check_header(const FoundFile& first, const FoundFile& file, const std::string& header) {
    if (header.empty()) return {};  // also of a file without a line
    if (header_.empty()) header_ = header;
    if (header == header_) return {};
    return Status::user("header_differs", "the files have different columns in their first lines; name those with the same columns, or one at a time: " + first.path + ", " + file.path, "sources");
  }

  Status prepare(const std::vector<PinnedFile>& pinned, std::shared_ptr<const FileLayout> layout, const Wait&) override {
    auto selection = std::make_shared<TextSelection>();
    selection->source = options_.name;
    selection->topic = options_.shown_as;
    selection->shape = shape_;
    selection->layout = std::move(layout);
    for (const PinnedFile& file : pinned) {
      selection->files.push_back(file.file);
      selection->records.push_back(file.rows);
    }
    for (size_t i = 0; shape_.header && header_.empty() && i < pinned.size(); ++i) LT_RETURN_IF_ERROR(read_header(pinned[i].file.path));
    selection_ = std::move(selection);
    return {};
  }

  Status read_header(const std::string& path) {
    LT_ASSIGN_OR_RETURN(const auto text, TextFile::open(*store_, path, shape_));
    TextBlock block;
    LT_RETURN_IF_ERROR(text->next(block).status());
    header_ = text->header();
    return {};
  }

  TextShape shape_;  // immutable
  // Guarded by mutex_, which every caller of `find` and `prepare` holds.
  std::string header_;
  std::shared_ptr<const TextSelection> selection_;
};

}  // namespace

Result<std::unique_ptr<FilesSource>> make_files_source(FilesSourceOptions options, std::shared_ptr<storage::Store> store) {
  if (options.format == "parquet") return std::unique_ptr<FilesSource>(std::make_unique<ParquetFilesSource>(std::move(options), std::move(store)));
  if (options.format == "csv" || options.format == "json") return std::unique_ptr<FilesSource>(std::make_unique<TextFilesSource>(std::move(options), std::move(store)));
  return Status::user("bad_value", "files are parquet, csv or json, not " + options.format, "format");
}

}  // namespace laketide
