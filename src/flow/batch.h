// Rows on their way through a lane: an Arrow record batch.
#pragma once

#include <memory>

#include <arrow/type_fwd.h>

namespace laketide {

/// Rows of one lane. Columns that the pipeline asked for stand first; behind them may stand hidden columns, whose names
/// begin with '_' and are those of pseudo_columns.h. A row that a sink may still refuse carries `_partition` and
/// `_offset` (and `_topic` where the source has several). Null: no rows.
using Batch = std::shared_ptr<arrow::RecordBatch>;
using Schema = std::shared_ptr<arrow::Schema>;

}  // namespace laketide
