// A query of a PostgreSQL server as the content of a static table.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "flow/table_loader.h"
#include "laketide/status.h"

namespace laketide {

/// Exactly one of `table` and `query` is set. Immutable.
struct PostgresTableOptions {
  std::string url;    // libpq's, or with jdbc: before it
  std::string table;  // table or schema.table
  std::string query;  // one SELECT
  std::string application_name = "laketide";
  int64_t rows_max = 10'000;  // fetched at once
};

/// Reads by a cursor in a read-only transaction, so that the content is of one moment. Columns have the types of flow/schema_text.h; those
/// that it does not know (enums, inet, …) come as text, as PostgreSQL prints them; a numeric without precision is refused. Connects at
/// each load. Fails `kUser` bad_url, bad_identifier.
Result<std::unique_ptr<TableLoader>> make_postgres_table(PostgresTableOptions options);

}  // namespace laketide
