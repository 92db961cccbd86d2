#include "sources/files/data_files.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/key_value_metadata.h>
#include <nlohmann/json.hpp>

#include "flow/arrow_status.h"
#include "flow/pseudo_columns.h"
#include "flow/schema_text.h"
#include "lake/delta_schema.h"
#include "lake/file_scan.h"
#include "lake/parquet_reader.h"

namespace laketide {
namespace {

constexpr int64_t kAheadBytes = 4 << 20;

int64_t rows_in_statistics(const lake::AddFile& file) {
  const auto json = nlohmann::json::parse(file.stats.value_or(""), nullptr, false);
  const auto found = json.is_object() ? json.find("numRecords") : json.end();
  return json.is_object() && found != json.end() && found->is_number_integer() ? found->get<int64_t>() : -1;
}

/// Rows of one file part, with their place. Confined to its task.
struct RowPiece {
  Batch rows;
  size_t slot = 0;
  int64_t offset = 0;
  int64_t bytes = 0;
};

/// The parts of one partition that a lane was given. Confined to its task.
struct Slot {
  SourcePartition place;
  int64_t next = 0;
};

/// Draws the rows of many parts, one file open at a time. Confined to its task.
class PartScan {
 public:
  struct Job {
    size_t slot;
    int32_t partition;
    FilePart part;
  };
  using Ahead = ReadAhead<RowPiece>;

  PartScan(const DataFileSelection& selection, std::shared_ptr<storage::Store> store, arrow::MemoryPool* memory, std::vector<Job> jobs)
      : selection_(selection), store_(std::move(store)), memory_(memory), jobs_(std::move(jobs)) {}

  Result<std::optional<Ahead::Made>> next() {
    while (at_ < jobs_.size()) {
      const Job& job = jobs_[at_];
      if (!scan_) LT_RETURN_IF_ERROR(open(job));
      LT_ASSIGN_OR_RETURN(Batch rows, scan_->next());
      if (!rows) {
        LT_RETURN_IF_ERROR(end(job));
        continue;
      }
      const int64_t first = row_;
      row_ += rows->num_rows();
      const int64_t from = std::max(first, job.part.skip), to = std::min(row_, job.part.skip + job.part.count);
      if (from >= to) continue;
      return made(job, rows->Slice(from - first, to - from), job.part.offset + from - job.part.skip);
    }
    return std::optional<Ahead::Made>();
  }

 private:
  const lake::AddFile& file_of(const Job& job) const { return selection_.files->files[job.part.index]; }

  Status open(const Job& job) {
    row_ = 0;
    LT_ASSIGN_OR_RETURN(scan_, lake::open_file_scan(*store_, selection_.files->root, file_of(job), selection_.columns, memory_));
    return {};
  }

  // Statistics that are wrong would move every offset behind them.
  Status end(const Job& job) {
    const int64_t expected = selection_.files->rows[job.part.index];
    scan_ = nullptr;
    ++at_;
    if (row_ == expected) return {};
    return Status::user("broken_file", "a data file has not the rows that were counted when the job began: " + file_of(job).path + " has " + std::to_string(row_) + ", not " +
                                           std::to_string(expected));
  }

  Result<std::optional<Ahead::Made>> made(const Job& job, Batch rows, int64_t offset) const {
    if (!selection_.hidden.empty()) {
      LT_ASSIGN_OR_RETURN(rows, with_place(*rows, job.partition, offset));
    }
    const int64_t bytes = arrow::util::TotalBufferSize(*rows);
    return std::optional(Ahead::Made{{std::move(rows), job.slot, offset, bytes}, bytes});
  }

  Result<Batch> with_place(const arrow::RecordBatch& rows, int32_t partition, int64_t offset) const {
    arrow::ArrayVector columns = rows.columns();
    arrow::FieldVector fields = rows.schema()->fields();
    for (const std::string& name : selection_.hidden) {
      fields.push_back(pseudo_column_field(name));
      auto column = place_column(name, fields.back()->type(), partition, offset, rows.num_rows());
      if (!column.ok()) return from_arrow(column.status());
      columns.push_back(std::move(column).ValueUnsafe());
    }
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows.num_rows(), std::move(columns));
  }

  arrow::Result<std::shared_ptr<arrow::Array>> place_column(const std::string& name, const std::shared_ptr<arrow::DataType>& type, int32_t partition, int64_t offset,
                                                            int64_t count) const {
    if (name == "_topic") return arrow::MakeArrayFromScalar(arrow::StringScalar(selection_.topic), count, memory_);
    if (name == "_partition") return arrow::MakeArrayFromScalar(arrow::Int32Scalar(partition), count, memory_);
    if (name != "_offset") return arrow::MakeArrayOfNull(type, count, memory_);
    arrow::Int64Builder offsets(memory_);
    ARROW_RETURN_NOT_OK(offsets.Reserve(count));
    for (int64_t i = 0; i < count; ++i) offsets.UnsafeAppend(offset + i);
    return offsets.Finish();
  }

  const DataFileSelection selection_;
  const std::shared_ptr<storage::Store> store_;
  arrow::MemoryPool* const memory_;
  const std::vector<Job> jobs_;
  size_t at_ = 0;
  std::unique_ptr<lake::FileScan> scan_;
  int64_t row_ = 0;
};

/// See flow/source.h. Confined to its task.
class DataFileReader final : public Reader {
 public:
  DataFileReader(DataFileSelection selection, std::shared_ptr<storage::Store> store, IoPost post, Context& context)
      : selection_(std::move(selection)), store_(std::move(store)), post_(std::move(post)), context_(context) {}

  Status assign(const Ranges& ranges) override {
    ahead_ = nullptr;
    piece_ = {};
    slots_.clear();
    std::vector<PartScan::Job> jobs;
    for (const auto& [place, range] : ranges) {
      if (!range.end) return Status::internal("endless_range", "files are read over ranges with an end");
      for (const FilePart& part : selection_.layout->parts(place.partition, range.start.value, range.end->value)) jobs.push_back({slots_.size(), place.partition, part});
      slots_.push_back({place, range.start.value});
    }
    auto scan = std::make_shared<PartScan>(selection_, store_, context_.memory, std::move(jobs));
    ahead_ = std::make_unique<PartScan::Ahead>(post_, kAheadBytes, context_.wake, [scan] { return scan->next(); });
    return {};
  }

  Result<Step> poll(const Budget& budget, std::variant<Records, Batch>& out) override {
    if (!piece_.rows) {
      LT_ASSIGN_OR_RETURN(const Step step, ahead_->take(piece_));
      if (step == Step::kBlocked) context_.blocked = BlockReason::kNoInput;
      if (step != Step::kReady) return step;
    }
    const int64_t rows = piece_.rows->num_rows();
    const int64_t fitting = piece_.bytes <= budget.bytes_max ? rows : std::max<int64_t>(1, rows * budget.bytes_max / piece_.bytes);
    const int64_t count = std::min({rows, fitting, budget.rows_max});
    out = count == rows ? piece_.rows : piece_.rows->Slice(0, count);
    piece_.offset += count;
    piece_.bytes -= piece_.bytes * count / rows;
    piece_.rows = count == rows ? nullptr : piece_.rows->Slice(count);
    slots_[piece_.slot].next = piece_.offset;
    return Step::kReady;
  }

  Positions next() const override {
    Positions all;
    for (const Slot& slot : slots_) all[slot.place] = NextOffset(slot.next);
    return all;
  }

  /// A pinned file is known by its name: no row need prove that it is still the same.
  std::map<SourcePartition, LastRecord> last_records() const override { return {}; }

 private:
  const DataFileSelection selection_;
  const std::shared_ptr<storage::Store> store_;
  const IoPost post_;
  Context& context_;
  std::vector<Slot> slots_;
  RowPiece piece_;
  std::unique_ptr<PartScan::Ahead> ahead_;
};

// What else stands there is the table's own business (identity, generated columns) and no table's that is made of the rows.
std::shared_ptr<const arrow::KeyValueMetadata> logical_mark(const arrow::Field& field) {
  const int at = field.metadata() ? field.metadata()->FindKey(kTypeMetadataKey) : -1;
  return at < 0 ? nullptr : arrow::key_value_metadata({kTypeMetadataKey}, {field.metadata()->value(at)});
}

Result<std::shared_ptr<arrow::DataType>> row_type(const arrow::DataType& type) {
  if (type.id() == arrow::Type::INT8) return arrow::int16();
  return lake::stored_type(type);
}

}  // namespace

Result<std::vector<int64_t>> count_rows(storage::Store& store, const std::string& root, const std::vector<lake::AddFile>& files, const Wait& wait) {
  std::vector<int64_t> all;
  for (const lake::AddFile& file : files) {
    if (wait.over()) return Status::cancelled("counting rows was cut short: " + root);
    int64_t rows = rows_in_statistics(file);
    if (rows < 0) {
      LT_ASSIGN_OR_RETURN(const auto reader, lake::open_parquet_reader(store, lake::data_path(root, file.path)));
      rows = reader->rows();
    }
    all.push_back(rows);
  }
  return all;
}

Result<Schema> row_schema_of(const arrow::Schema& files) {
  arrow::FieldVector fields;
  for (const auto& field : files.fields()) {
    auto type = row_type(*field->type());
    if (!type.ok()) return type.status().in(field->name());
    fields.push_back(arrow::field(field->name(), *type, field->nullable(), logical_mark(*field)));
  }
  return arrow::schema(std::move(fields));
}

std::unique_ptr<Reader> make_data_file_reader(DataFileSelection selection, std::shared_ptr<storage::Store> store, IoPost post, Context& context) {
  return std::make_unique<DataFileReader>(std::move(selection), std::move(store), std::move(post), context);
}

}  // namespace laketide
