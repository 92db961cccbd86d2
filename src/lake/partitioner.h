// Sorts rows by the values of a table's partition columns.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "lake/actions.h"
#include "laketide/status.h"

namespace laketide::lake {

/// Where rows with the same partition values go. `directory` is "" or "a=1/b=x/", as it stands on disk. Immutable.
struct Partition {
  TextMap values;
  std::string directory;
};

/// Rows of one batch that belong to one partition.
struct PartitionRows {
  size_t partition = 0;  // index into Partitioner::partitions
  std::shared_ptr<arrow::RecordBatch> rows;
};

/// Knows the partitions met since `reset`, at most `partitions_max`; more fail `kUser` `too_many_partitions`, because each
/// becomes a file of its own. Confined to its task.
class Partitioner {
 public:
  /// `columns` are indices of partition columns in the batches' schema.
  Partitioner(std::vector<int> columns, int64_t partitions_max);
  ~Partitioner();

  /// Splits `batch`; the order of rows is kept within each partition.
  Status split(const std::shared_ptr<arrow::RecordBatch>& batch, std::vector<PartitionRows>& parts);
  const std::vector<Partition>& partitions() const { return partitions_; }
  void reset();

 private:
  class Column;
  Result<size_t> partition_of(const arrow::RecordBatch& batch, const std::vector<int>& codes, int64_t row);

  std::vector<int> columns_;
  int64_t partitions_max_;
  std::vector<Partition> partitions_;
  std::vector<std::unique_ptr<Column>> coders_;
  std::map<std::vector<int>, size_t> by_codes_;
};

}  // namespace laketide::lake
