// A target table as it is on the server, matched with the rows that it will get.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/clock.h"
#include "base/wait.h"
#include "laketide/status.h"
#include "sinks/postgres/cell_encoder.h"
#include "sinks/postgres/connection.h"
#include "sinks/postgres/identifier.h"
#include "sinks/postgres/postgres_sink.h"

namespace laketide::postgres {

/// One column of the table that the rows have. Immutable.
struct TableColumn {
  ColumnType type;
  bool not_null = false;
};

/// A table and the rows' schema, matched. Immutable.
struct BoundTable {
  TableName name;
  std::shared_ptr<arrow::Schema> schema;  // of the rows, without hidden columns
  std::vector<TableColumn> columns;       // one for each field of it, in its order
  /// Rows go into a temporary table first and into this one when the epoch is prepared: upserts, and tables with
  /// constraints that are checked late, whose refusals could not be traced to a row otherwise.
  bool staged = false;
  /// Rows that COPY took are not refused later, not even at COMMIT: no trigger of a user's, no partition that may have one, nothing that
  /// is checked late.
  bool settled_by_copy = false;
  /// Upsert: the unique index lets several NULL keys stand side by side.
  bool null_keys_distinct = false;
  std::vector<std::string> key;  // upsert

  std::vector<std::string> column_names() const;
};

/// Makes the table if it is missing (column types: column_type.h; upsert: the key becomes the primary key, or a unique
/// constraint that holds for NULL too if a key column may be NULL), then matches it with `schema`. Call outside a
/// transaction. Fails `kUser` `schema_mismatch` naming the column and what to do; `bad_identifier`.
Result<std::shared_ptr<const BoundTable>> bind_table(Connection& connection, const PostgresTarget& target,
                                                     const TableName& name, std::shared_ptr<arrow::Schema> schema,
                                                     const Wait& wait);

/// The largest finite instant in `column` of the table; none: the table is not there, or holds none. Zoneless times are UTC. Fails
/// `kUser` `bad_column`.
Result<std::optional<Instant>> largest_in(Connection& connection, const TableName& name, const std::string& column, const Wait& wait);

}  // namespace laketide::postgres
