#include "lake/file_scan.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "lake/arrow_status.h"
#include "lake/parquet_reader.h"
#include "lake/partition_value.h"

namespace laketide::lake {

namespace {

Result<std::shared_ptr<arrow::Array>> column_of(const arrow::RecordBatch& batch, const AddFile& add, const arrow::Field& field) {
  if (const auto value = add.partition_values.find(field.name()); value != add.partition_values.end()) {
    return partition_array(value->second, field.type(), batch.num_rows());
  }
  auto column = batch.GetColumnByName(field.name());
  if (!column) return partition_array(std::nullopt, field.type(), batch.num_rows());
  if (column->type()->Equals(*field.type(), /*check_metadata=*/false)) return column;
  auto cast = arrow::compute::Cast(*column, field.type());
  if (cast.ok()) return std::move(cast).ValueUnsafe();
  return Status::user("broken_file", "a data file holds a column in another type than the table's: " + add.path + ", " +
                      field.name() + " is " + column->type()->ToString() + ", not " + field.type()->ToString());
}

/// See FileScan. Caller synchronises.
class TableFileScan final : public FileScan {
 public:
  TableFileScan(AddFile add, std::shared_ptr<arrow::Schema> schema, std::unique_ptr<ParquetReader> file)
      : add_(std::move(add)), schema_(std::move(schema)), file_(std::move(file)) {}

  Status open() {
    // Names may hold dots of their own: `a.b` can be a column, or a member of `a`.
    const auto wanted = [this](std::string_view path) {
      return std::ranges::any_of(schema_->fields(), [&](const auto& field) {
        return path.starts_with(field->name()) && (path.size() == field->name().size() || path[field->name().size()] == '.');
      });
    };
    LT_ASSIGN_OR_RETURN(rows_, file_->rows_with(wanted));
    return {};
  }

  Result<std::shared_ptr<arrow::RecordBatch>> next() override {
    LT_ASSIGN_OR_RETURN(const auto batch, rows_->next());
    if (!batch) return batch;
    arrow::ArrayVector columns;
    for (const auto& field : schema_->fields()) {
      LT_ASSIGN_OR_RETURN(auto column, column_of(*batch, add_, *field));
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(schema_, batch->num_rows(), std::move(columns));
  }

 private:
  const AddFile add_;
  const std::shared_ptr<arrow::Schema> schema_;
  const std::unique_ptr<ParquetReader> file_;
  std::unique_ptr<ParquetRows> rows_;
};

}  // namespace

std::string data_path(const std::string& table_path, const std::string& add_path) {
  const std::string path = uri_decode(add_path);
  constexpr std::string_view kFile = "file:";
  if (path.starts_with(kFile)) {
    const auto rest = std::string_view(path).substr(kFile.size());
    const auto from = rest.find_first_not_of('/');
    return from == std::string_view::npos ? "/" : "/" + std::string(rest.substr(from));
  }
  return path.starts_with('/') ? path : storage::join(table_path, path);
}

Result<std::unique_ptr<FileScan>> open_file_scan(storage::Store& store, const std::string& table_path, const AddFile& add,
                                                 const std::shared_ptr<arrow::Schema>& schema, arrow::MemoryPool* memory) {
  if (add.deletion_vector) {
    return Status::user("unsupported_table", "this version cannot read files with deletion vectors; rewrite them with another "
                        "engine (REORG TABLE … APPLY (PURGE)): " + add.path);
  }
  LT_ASSIGN_OR_RETURN(auto reader, open_parquet_reader(store, data_path(table_path, add.path), memory));
  auto scan = std::make_unique<TableFileScan>(add, schema, std::move(reader));
  LT_RETURN_IF_ERROR(scan->open());
  return std::unique_ptr<FileScan>(std::move(scan));
}

Status scan_file(storage::Store& store, const std::string& table_path, const AddFile& add,
                 const std::shared_ptr<arrow::Schema>& schema,
                 const std::function<Status(const std::shared_ptr<arrow::RecordBatch>&)>& take, arrow::MemoryPool* memory) {
  LT_ASSIGN_OR_RETURN(const auto scan, open_file_scan(store, table_path, add, schema, memory));
  for (;;) {
    LT_ASSIGN_OR_RETURN(const auto batch, scan->next());
    if (!batch) return {};
    LT_RETURN_IF_ERROR(take(batch));
  }
}

}  // namespace laketide::lake
