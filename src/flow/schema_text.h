// Schemas as SQL column lists: how users declare them, and how they are pinned in the ledger, in plans and with a sink's progress.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

#include "flow/batch.h"
#include "laketide/status.h"

namespace laketide {

/// SQL types as Arrow has them:
///
///     boolean bool · smallint int16 · int int32 · bigint int64 · real float · double double · numeric(p[,s]) decimal128 ·
///     text utf8 · bytea binary · date date32 · time time64[us] · timestamp timestamp[us] · timestamptz timestamp[us, UTC] ·
///     uuid utf8 · jsonb utf8 · T[] list<T> · struct<name type [not null], …> struct
///
/// uuid and jsonb are told from text by the field's metadata `laketide.type`. PostgreSQL's other spellings are read too
/// (integer, int8, varchar, double precision, timestamp with time zone, …), and Spark's colon between a member's name and its type.
inline constexpr const char* kTypeMetadataKey = "laketide.type";
/// Arrays and structs within one another.
inline constexpr int kTypeDepthMax = 32;

/// Reads `id int not null, "odd name" timestamptz, tags text[]`. Fails `kUser` bad_schema, naming the column and its place in
/// the text, with the nearest type where one is unknown. Names that pseudo-columns have are refused; letters without quotes
/// keep their case.
Result<Schema> parse_schema_text(std::string_view text);

/// The text that parse_schema_text reads back into an equal schema.
std::string to_schema_text(const arrow::Schema& schema);

/// A field's type as SQL writes it, `numeric(10,2)`, and its inverse with a name.
std::string sql_type_of(const arrow::Field& field);
Result<std::shared_ptr<arrow::Field>> field_of_sql_type(const std::string& name, std::string_view type, bool not_null = false);

bool is_jsonb(const arrow::Field& field);
bool is_uuid(const arrow::Field& field);

}  // namespace laketide
