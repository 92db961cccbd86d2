// What a log says of a data file's values, so that readers can pass over it (protocol: "Per-file Statistics").
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include <arrow/type_fwd.h>

#include "lake/actions.h"
#include "laketide/status.h"

namespace laketide::lake {

/// Which leaf columns have statistics: the first `indexed` ones (-1: all), or, where `named` is not empty, those named,
/// with everything inside of them. Immutable.
struct StatisticsScope {
  int64_t indexed = 32;
  std::set<std::string> named;
  int64_t string_prefix = 32;  // characters of a string bound
};
/// From the table's properties delta.dataSkippingNumIndexedCols, …StatsColumns and …StringPrefixLength.
StatisticsScope statistics_scope(const Metadata& metadata);

/// Bounds and null counts of the rows of one file, taken batch by batch while it is written. A wrong bound loses rows, a
/// missing one costs time: no bounds for boolean, binary and nested values as such, for columns that held NaN or infinity,
/// for text that is not UTF-8, for times outside of years 1 to 9999. Confined to its task.
class FileStatistics {
 public:
  FileStatistics(const arrow::Schema& file_schema, const StatisticsScope& scope);
  ~FileStatistics();
  FileStatistics(FileStatistics&&) noexcept;

  /// `batch` has the columns of the file's schema.
  Status add(const arrow::RecordBatch& batch);
  int64_t rows() const;
  /// The text of `add.stats`.
  std::string to_json() const;

 private:
  class Node;
  class Leaf;
  class Struct;
  template <typename ArrayType>
  class Numbers;
  class Texts;
  class Decimals;
  std::unique_ptr<Struct> root_;
  int64_t rows_ = 0;
};

}  // namespace laketide::lake
