// Copies chunks into a table, leaving out the rows that the server refuses.
#pragma once

#include <string>
#include <vector>

#include "base/wait.h"
#include "laketide/status.h"
#include "sinks/postgres/chunk.h"
#include "sinks/postgres/connection.h"

namespace laketide::postgres {

/// Copies `chunks` (of one target) with `copy_sql` inside the transaction that is open, or that the statements `opening` open, which go with
/// the first copy in one question and whose answers `answers` has afterwards. When the server refuses the data, the rows are halved, with the
/// line it names split off first, until each refused row stands alone: it is added to `refused`, all others are in. `rows` grows by those.
/// Any other failure leaves the transaction broken.
///
///   load(rows): savepoint, or open; copy; if refused: roll back to it, or all, and open; one row: it is the one; else load(first), load(rest)
Status load_chunks(Connection& connection, const std::string& opening, const std::string& copy_sql, const std::vector<Chunk>& chunks,
                   const Wait& wait, Rows& answers, int64_t& rows, std::vector<RefusedRow>& refused);

}  // namespace laketide::postgres
