// A lane's writer into the PostgreSQL sink.
#pragma once

#include <functional>
#include <memory>

#include "flow/sink.h"
#include "sinks/postgres/chunk_queue.h"
#include "sinks/postgres/row_encoder.h"

namespace laketide::postgres {

/// What a lane gave to one sink in an epoch: numbers only, the rows are in the queue or on the server. Immutable.
class StagedRows final : public Staged {
 public:
  StagedRows(int64_t rows, int64_t bytes) : rows_(rows), bytes_(bytes) {}
  int64_t rows() const override { return rows_; }
  int64_t bytes() const override { return bytes_; }

 private:
  int64_t rows_;
  int64_t bytes_;
};

/// Where a writer puts its chunks. Immutable.
struct WriterPlace {
  std::shared_ptr<ChunkQueue> queue;
  size_t target = 0;
  size_t chunk_bytes = 1 << 20;   // a chunk is handed on when it has about so many
  std::function<void()> work;     // tells the connection that there is something to take
  std::function<Status(const arrow::RecordBatch&)> check;  // refuses rows that the target's mode has no use for
};

/// Encodes on the lane's worker and hands chunks on; never touches the connection. `write` takes a batch whole, or answers
/// Blocked while the queue has used its half of the budget. A failure of the connection ends every writer: its Status
/// comes from the next call.
std::unique_ptr<Writer> make_writer(WriterPlace place, std::unique_ptr<RowEncoder> encoder, Context& context);

}  // namespace laketide::postgres
