// A table's schema as Delta writes it, and as Arrow has it (protocol: "Schema Serialization Format").
#pragma once

#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "laketide/status.h"

namespace laketide::lake {

/// Delta's schema text for rows of `schema`. Field metadata whose keys begin with "laketide." or "delta." is kept. Types
/// that Delta lacks become the next wider one (time: long, unsigned: the wider signed, dictionary: its values); what has
/// none, and names that Parquet readers choke on or that differ only in case, fail `kUser` `schema_mismatch` with advice.
Result<std::string> to_schema_string(const arrow::Schema& schema);

/// The Arrow types that hold a Delta schema's values in memory: timestamps in microseconds (UTC, or without zone for
/// timestamp_ntz), utf8, binary, list, map, struct. Field metadata is kept as text. Fails `kUser` `unsupported_table` by
/// the name of a type that we do not know.
Result<std::shared_ptr<arrow::Schema>> from_schema_string(const std::string& text);

/// The Arrow type in which Delta keeps values of `type`: int64 for a time, utf8 for a dictionary of texts, …
Result<std::shared_ptr<arrow::DataType>> stored_type(const arrow::DataType& type);

/// True if some column, however deep, is a timestamp without zone: the table then needs a feature for it.
bool has_timestamp_without_zone(const arrow::Schema& schema);

/// "bigint", "timestamp", …: Delta's name of a type for messages (JSON for nested ones).
std::string delta_type_name(const arrow::DataType& type);

/// True if values of `from` can be stored as `to` without a null where none may be: equal types, and inside of them no
/// nullable member where the table's is not. Names of list and map members do not count.
bool type_fits(const arrow::DataType& from, const arrow::DataType& to);

}  // namespace laketide::lake
