#include "lake/data_writer.h"

#include <algorithm>
#include <map>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include "lake/arrow_status.h"
#include "lake/partition_value.h"
#include "lake/partitioner.h"

namespace laketide::lake {

namespace {

// Beyond so many files of one epoch a file is synced and closed at once, which costs the lane a wait, but no descriptor.
constexpr size_t kFilesHeldOpen = 256;

/// A file that takes rows. Confined to its task.
struct OpenFile {
  DataFile file;
  std::unique_ptr<ParquetWriter> writer;
  FileStatistics statistics;
  uint64_t last_use = 0;
};

/// See DataWriter. Confined to its task.
class LaneDataWriter final : public DataWriter {
 public:
  explicit LaneDataWriter(DataWriterOptions options)
      : options_(std::move(options)), partitioner_(partition_indices(), options_.partitions_max) {
    options_.parquet.row_group_bytes = std::min(options_.parquet.row_group_bytes, options_.target_file_bytes);
    arrow::FieldVector fields;
    for (int i = 0; i < options_.schema->num_fields(); ++i) {
      if (is_partition_column(i)) continue;
      // By place in the table, which only grows at its end: what reads files by field id finds the same ids in each.
      const auto id = arrow::key_value_metadata({"PARQUET:field_id"}, {std::to_string(i + 1)});
      fields.push_back(options_.schema->field(i)->WithMetadata(id));
      file_columns_.push_back(i);
    }
    file_schema_ = arrow::schema(std::move(fields));
  }

  Status write(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    LT_RETURN_IF_ERROR(partitioner_.split(batch, parts_));
    for (const auto& part : parts_) LT_RETURN_IF_ERROR(write_part(part));
    parts_.clear();
    return {};
  }

  Result<bool> finish(std::vector<DataFile>& files) override {
    if (!open_.empty()) LT_RETURN_IF_ERROR(close_file(open_.begin()));
    if (!open_.empty()) return false;
    files = std::exchange(done_, {});
    partitioner_.reset();
    return true;
  }

 private:
  using Open = std::map<size_t, OpenFile>;

  bool is_partition_column(int index) const {
    const auto& names = options_.partition_columns;
    return std::find(names.begin(), names.end(), options_.schema->field(index)->name()) != names.end();
  }

  std::vector<int> partition_indices() const {
    std::vector<int> indices;
    for (const auto& name : options_.partition_columns) indices.push_back(options_.schema->GetFieldIndex(name));
    return indices;
  }

  Status write_part(const PartitionRows& part) {
    auto found = open_.find(part.partition);
    if (found == open_.end()) {
      if (static_cast<int64_t>(open_.size()) >= options_.open_files_max) LT_RETURN_IF_ERROR(close_oldest());
      LT_ASSIGN_OR_RETURN(found, open_file(part.partition));
    }
    OpenFile& open = found->second;
    open.last_use = ++uses_;
    auto rows = part.rows->SelectColumns(file_columns_);
    if (!rows.ok()) return from_arrow(rows.status(), "take the columns of a data file");
    // The file's own schema, because the batch's lacks the field ids.
    const auto batch = arrow::RecordBatch::Make(file_schema_, (*rows)->num_rows(), (*rows)->columns());
    LT_RETURN_IF_ERROR(open.statistics.add(*batch));
    LT_RETURN_IF_ERROR(open.writer->write(*batch));
    return open.writer->file_bytes() >= options_.target_file_bytes ? close_file(found) : Status();
  }

  Result<Open::iterator> open_file(size_t partition) {
    const Partition& where = partitioner_.partitions()[partition];
    OpenFile open{.file = {}, .writer = nullptr, .statistics = FileStatistics(*file_schema_, options_.statistics)};
    open.file.partition_values = where.values;
    LT_ASSIGN_OR_RETURN(auto file, options_.create(where.directory, open.file.path));
    LT_ASSIGN_OR_RETURN(open.writer, open_parquet_writer(std::move(file), file_schema_, options_.parquet));
    return open_.emplace(partition, std::move(open)).first;
  }

  Status close_oldest() {
    return close_file(std::min_element(open_.begin(), open_.end(), [](const auto& a, const auto& b) {
      return a.second.last_use < b.second.last_use;
    }));
  }

  Status close_file(Open::iterator which) {
    OpenFile open = std::move(which->second);
    open_.erase(which);
    LT_ASSIGN_OR_RETURN(open.file.file, open.writer->finish());
    open.file.rows = open.statistics.rows();
    open.file.size = open.file.file->size();
    open.file.stats = open.statistics.to_json();
    if (done_.size() >= kFilesHeldOpen) {
      LT_RETURN_IF_ERROR(open.file.file->sync());
      LT_RETURN_IF_ERROR(open.file.file->close());
      open.file.file.reset();
    }
    done_.push_back(std::move(open.file));
    return {};
  }

  DataWriterOptions options_;
  Partitioner partitioner_;
  std::shared_ptr<arrow::Schema> file_schema_;
  std::vector<int> file_columns_;
  std::vector<PartitionRows> parts_;
  Open open_;  // by partition
  std::vector<DataFile> done_;
  uint64_t uses_ = 0;
};

}  // namespace

AddFile DataFile::to_add(int64_t modified_ms) const {
  AddFile add;
  add.path = uri_encode(path);
  add.partition_values = partition_values;
  add.size = size;
  add.modified_ms = modified_ms;
  add.stats = stats;
  return add;
}

std::unique_ptr<DataWriter> make_data_writer(DataWriterOptions options) {
  return std::make_unique<LaneDataWriter>(std::move(options));
}

}  // namespace laketide::lake
