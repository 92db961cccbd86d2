// Names in SQL text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "laketide/status.h"

namespace laketide::postgres {

/// `name` in double quotes.
std::string quote_identifier(std::string_view name);
/// Names quoted and joined by ", ", each with `prefix` before it ("t." for example).
std::string quote_identifiers(const std::vector<std::string>& names, std::string_view prefix = {});
/// `text` as a literal; correct with standard_conforming_strings, which every connection of ours sets.
std::string quote_literal(std::string_view text);

/// Refuses what PostgreSQL would cut short, and so merge with another name: more than 63 bytes; and empty names, NUL.
Status check_identifier(std::string_view name);

/// A table with its schema. Immutable.
struct TableName {
  std::string schema;
  std::string table;
  std::string quoted() const { return quote_identifier(schema) + "." + quote_identifier(table); }
  std::string plain() const { return schema + "." + table; }
};

/// Reads `table` or `schema.table` (default schema public). As in SQL, what is not in double quotes is folded to lower
/// case. Fails `kUser` `bad_identifier`.
Result<TableName> parse_table_name(std::string_view text);

/// The application_name of a sink's backend, see make_postgres_sinks. At most 63 bytes of printable ASCII.
std::string application_name(std::string_view pipeline, std::string_view sink);

}  // namespace laketide::postgres
