// Batches into COPY's binary rows.
#pragma once

#include <memory>
#include <string>

#include "flow/batch.h"
#include "flow/rejects.h"
#include "laketide/status.h"
#include "sinks/postgres/chunk.h"
#include "sinks/postgres/table.h"

namespace laketide::postgres {

/// Appends a batch's rows to a chunk: int16 number of fields, then the fields (cell_encoder.h). Rows of a staged table
/// get one more: _lt_place bytea (staged_place.h; its sequence is the lane and the number of the row in it; of a delete only
/// the key counts). What PostgreSQL's encoding cannot express goes to `rejects` (stage kWrite,
/// codes zero_byte, invalid_utf8, out_of_range, bad_uuid, bad_text, bad_value, too_long; without bytes), a NULL in a
/// column that is NOT NULL to the chunk's refused rows. Confined to its task.
class RowEncoder {
 public:
  virtual ~RowEncoder() = default;
  virtual Status append(const arrow::RecordBatch& batch, Chunk& chunk, Rejects& rejects) = 0;
};

/// `source` and `topic` name the place of rejects that have no `_topic`; `key` are the columns counted in null_keys.
Result<std::unique_ptr<RowEncoder>> make_row_encoder(std::shared_ptr<const BoundTable> table, std::vector<std::string> key,
                                                     std::string source, std::string topic, int lane);

}  // namespace laketide::postgres
