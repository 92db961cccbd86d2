// Columns that say where a row came from. They can be named everywhere and are not in `SELECT *`.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flow/batch.h"
#include "flow/records.h"
#include "laketide/status.h"

namespace laketide {

/// The pseudo-columns that come with a record: _topic utf8, _partition int32, _offset int64, _timestamp timestamp[us, UTC],
/// _timestamp_type int32, _key binary, _value binary, _headers list<struct<key utf8, value binary>>.
bool is_record_pseudo_column(std::string_view name);
/// Those that come with the epoch in which a row is read, or comes out of what a query remembers: _epoch int64, _pipeline utf8. Decoders do
/// not make them, the plan does (operators/epoch_columns.h).
bool is_epoch_pseudo_column(std::string_view name);
inline bool is_pseudo_column(std::string_view name) { return is_record_pseudo_column(name) || is_epoch_pseudo_column(name); }
/// Which of its record's rows a row is, int64: 0 as it is read; what makes several rows of one tells them apart. No query can name it,
/// random() stands on it.
inline constexpr std::string_view kRowColumn = "_row of record";
/// What it becomes for the row number `ordinal`, from 0, of those that are made of one.
int64_t row_of_record(int64_t row, int64_t ordinal);
/// Null for a name that is none of these.
std::shared_ptr<arrow::Field> pseudo_column_field(std::string_view name);

/// Builds the wanted pseudo-columns, row by row. Confined to its task.
class PseudoColumns {
 public:
  PseudoColumns(std::vector<std::string> names, arrow::MemoryPool* memory);
  ~PseudoColumns();
  /// Adds one record's place. Cheap: appends to fixed-width builders unless _key, _value or _headers are wanted.
  void append(const Records& records, const RecordView& record);
  /// Adds the places of the records at `rows`, column by column, which is what a batch of many wants.
  void append(const Records& records, std::span<const size_t> rows);
  /// The columns, in the order of the names; empties the builders.
  Result<std::vector<std::shared_ptr<arrow::Array>>> finish();
  std::vector<std::shared_ptr<arrow::Field>> fields() const;

 private:
  struct Builders;
  std::unique_ptr<Builders> builders_;
};

}  // namespace laketide
