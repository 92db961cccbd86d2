// Tables as text, for tests whose data are files: cells in PostgreSQL's spelling to batches, and back.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "flow/batch.h"
#include "flow/context.h"
#include "laketide/status.h"
#include "sql/query.h"

namespace laketide {

using Cell = std::optional<std::string>;  // none: NULL
using Row = std::vector<Cell>;

/// What now() is in every epoch here: 2023-11-14 22:13:20.123456 UTC.
inline constexpr Instant kQueryTime{1'700'000'000'123'456};

/// "id int, v numeric(10,2), b bytea" as a schema.
Schema schema_of_text(std::string_view columns);

/// The rows as columns of `decoded`; hidden columns are filled with the row's place: topic "t", partition 0, offset = the row's
/// number, timestamp = the offset in seconds, key "k<offset>", value "v<offset>".
Batch batch_of_rows(const sql::Decoded& decoded, const Schema& schema, const std::vector<Row>& rows);

/// The visible cells of a batch as PostgreSQL prints them.
std::vector<Row> rows_of_batch(const arrow::RecordBatch& batch, int visible);

/// One row that came out of a query, and the offset it came from (-1: the query carries no place).
struct OutRow {
  Row cells;
  int64_t offset = -1;
};
struct Refused {
  int64_t offset;
  std::string code, reason;
};
struct Answer {
  Schema output;
  std::string explain;
  std::vector<OutRow> rows;
  std::vector<Refused> refused;
  int64_t late_rows = 0;  // as lanes count them
};

/// A static table. Immutable.
struct TableRows {
  std::string name;
  Schema schema;
  std::vector<Row> rows;
};
/// As queries are bound to them.
std::vector<sql::StaticTable> static_tables(const std::vector<TableRows>& tables);
/// As the operators made with `context` find them, at version 1. `board` outlives them.
void publish(const std::vector<TableRows>& tables, StaticTables& board, Context& context);

/// How the same rows reach the query: all at once, one by one, or as a slice from the middle of larger arrays.
enum class Delivery { kWhole, kSingly, kSliced };

/// Binds `query` (and `select` over its result, unless empty) to a source named "events" and puts the rows through its operators; one
/// that remembers is run as a job of one epoch, and its rows are in no order.
Result<Answer> ask(std::string_view query, std::string_view select, const Schema& schema, const std::vector<Row>& rows, Delivery delivery,
                   const std::vector<TableRows>& tables = {});

}  // namespace laketide
