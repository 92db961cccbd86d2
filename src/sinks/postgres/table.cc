#include "sinks/postgres/table.h"

#include <arrow/type.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/log.h"
#include "base/quantity.h"
#include "sinks/postgres/column_type.h"

namespace laketide::postgres {
namespace {

constexpr int kNullsNotDistinctVersion = 150000;

// What the catalogue says about a column; `type` stands under all domains, which add constraints and no other form.
struct CatalogueColumn {
  ColumnType type;
  bool not_null = false;
  bool has_default = false;
  bool generated = false;
};
using Catalogue = std::map<std::string, CatalogueColumn>;

constexpr const char* kColumnsSql = R"(
WITH RECURSIVE base AS (
  SELECT t.oid AS type, t.oid AS under, t.typtype, t.typbasetype FROM pg_catalog.pg_type t
  UNION ALL
  SELECT b.type, t.oid, t.typtype, t.typbasetype
  FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.typbasetype WHERE b.typtype = 'd'
), named AS (
  SELECT b.type, t.typtype, t.typcategory, t.typlen, t.typelem,
         CASE WHEN n.nspname = 'pg_catalog' OR t.typname = 'citext' THEN t.typname::text ELSE n.nspname || '.' || t.typname END AS name
  FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.under JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  WHERE b.typtype <> 'd'
)
SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.atthasdef OR a.attidentity <> '',
       a.attgenerated <> '', c.name, c.typtype = 'e', CASE WHEN e.type IS NULL THEN 0::oid ELSE c.typelem END, e.name, e.typtype = 'e'
FROM pg_catalog.pg_attribute a
JOIN named c ON c.type = a.atttypid
LEFT JOIN named e ON e.type = c.typelem AND c.typcategory = 'A' AND c.typlen = -1
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped)";

bool is_true(const std::optional<std::string>& cell) { return cell == "t"; }

Result<Catalogue> read_columns(Connection& connection, const std::string& table_oid, const Wait& wait) {
  LT_ASSIGN_OR_RETURN(const auto rows, connection.query(kColumnsSql, {table_oid}, wait));
  Catalogue columns;
  for (const auto& row : rows) {
    CatalogueColumn column;
    column.type.name = row[0].value_or("");
    column.type.sql_name = row[1].value_or("");
    column.not_null = is_true(row[2]);
    column.has_default = is_true(row[3]);
    column.generated = is_true(row[4]);
    column.type.base = row[5].value_or("");
    column.type.is_enum = is_true(row[6]);
    const std::string element = row[7].value_or("0");
    std::from_chars(element.data(), element.data() + element.size(), column.type.element_oid);
    column.type.element_base = row[8].value_or("");
    column.type.element_is_enum = is_true(row[9]);
    columns.emplace(column.type.name, std::move(column));
  }
  return columns;
}

Status mismatch(const std::string& what, const std::string& field = {}) { return Status::user("schema_mismatch", what, field); }

Status check_names(const arrow::Schema& schema, const PostgresTarget& target) {
  std::set<std::string> names;
  for (const auto& field : schema.fields()) {
    const std::string& name = field->name();
    LT_RETURN_IF_ERROR(check_identifier(name));
    if (name.rfind("_lt_", 0) == 0) return mismatch("column names that begin with _lt_ are taken; rename it: " + name, name);
    if (!names.insert(name).second) return mismatch("two columns have the same name; rename one with AS: " + name, name);
  }
  if (target.mode == PostgresTarget::Mode::kUpsert && target.key.empty()) {
    return Status::user("bad_key", "the query does not say which columns tell its rows apart; mode: upsert needs a key, such as key: [id]", "key");
  }
  if (names.empty()) return mismatch("the pipeline gives no column for the table: " + target.table);
  for (const auto& name : target.key) {
    if (!names.contains(name)) return mismatch("the key names a column that the pipeline does not give: " + name, "key");
  }
  if (!target.order_by.empty() && !names.contains(target.order_by)) {
    return mismatch("order_by names a column that the pipeline does not give: " + target.order_by, "order_by");
  }
  return {};
}

Result<std::string> create_sql(const arrow::Schema& schema, const PostgresTarget& target, const TableName& name,
                               int server_version) {
  std::string columns;
  bool key_may_be_null = false;
  for (const auto& entry : schema.fields()) {
    const auto& field = *entry;
    const std::string type = column_type_for(field);
    if (type.empty()) {
      return mismatch("PostgreSQL has no type for this column; cast it in the pipeline's SQL: " + field.name() + " of type " +
                          field.type()->ToString(), field.name());
    }
    const bool in_key = std::find(target.key.begin(), target.key.end(), field.name()) != target.key.end();
    key_may_be_null = key_may_be_null || (in_key && field.nullable());
    columns += (columns.empty() ? "" : ", ") + quote_identifier(field.name()) + " " + type + (field.nullable() ? "" : " NOT NULL");
  }
  if (target.mode == PostgresTarget::Mode::kUpsert) {
    const bool unique = key_may_be_null && server_version >= kNullsNotDistinctVersion;
    columns += std::string(unique ? ", UNIQUE NULLS NOT DISTINCT (" : ", PRIMARY KEY (") + quote_identifiers(target.key) + ")";
  }
  return "CREATE TABLE IF NOT EXISTS " + name.quoted() + " (" + columns + ")";
}

struct Relation {
  std::string oid;
  char kind = 0;
  bool unlogged = false;
  bool checks_late = false;
  bool has_triggers = false;  // of a user's
};

Result<std::optional<Relation>> find_relation(Connection& connection, const TableName& name, const Wait& wait) {
  // Trigger types are bits; 4 is INSERT. Constraints that can be deferred are triggers too.
  LT_ASSIGN_OR_RETURN(
      const auto rows,
      connection.query("SELECT c.oid, c.relkind, c.relpersistence = 'u', EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE "
                       "t.tgrelid = c.oid AND t.tgdeferrable AND t.tgtype & 4 <> 0), EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE "
                       "t.tgrelid = c.oid AND NOT t.tgisinternal) FROM pg_catalog.pg_class c "
                       "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2",
                       {name.schema, name.table}, wait));
  if (rows.empty()) return std::optional<Relation>();
  return std::optional(Relation{rows[0][0].value_or(""), rows[0][1].value_or("?").front(), is_true(rows[0][2]), is_true(rows[0][3]), is_true(rows[0][4])});
}

Result<Relation> find_or_create(Connection& connection, const PostgresTarget& target, const TableName& name,
                                const arrow::Schema& schema, const Wait& wait) {
  Status created;
  for (int attempt = 0; attempt < 3; ++attempt) {
    LT_ASSIGN_OR_RETURN(auto found, find_relation(connection, name, wait));
    if (found) return *std::move(found);
    LT_ASSIGN_OR_RETURN(const auto sql, create_sql(schema, target, name, connection.server_version()));
    created = connection.run(sql, wait);  // two that create at once collide; the loser finds the table then
    if (!connection.usable() || created.code() == "postgres_configuration") break;
  }
  return created.ok() ? Status::external("postgres_unavailable", "the table went away while it was made: " + name.plain())
                      : created.in("creating table " + name.plain());
}

// ON CONFLICT needs a unique index on exactly the key, checked at once, without condition or expression.
Status find_key_index(Connection& connection, const PostgresTarget& target, const Relation& relation, BoundTable& table,
                      const Wait& wait) {
  const bool knows_nulls = connection.server_version() >= kNullsNotDistinctVersion;
  LT_ASSIGN_OR_RETURN(
      const auto rows,
      connection.query(std::string("SELECT ") + (knows_nulls ? "NOT i.indnullsnotdistinct" : "true") +
                           ", array_length(k.names, 1), a.attname FROM pg_catalog.pg_index i, LATERAL (SELECT array_agg(x.attname ORDER BY "
                           "x.attname) AS names FROM pg_catalog.pg_attribute x WHERE x.attrelid = i.indrelid AND x.attnum = ANY "
                           "((i.indkey::int2[])[0:i.indnkeyatts - 1])) k, LATERAL unnest(k.names) a(attname) WHERE i.indrelid = $1::oid "
                           "AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL "
                           "ORDER BY i.indexrelid",
                       {relation.oid}, wait));
  const std::set<std::string> wanted(target.key.begin(), target.key.end());
  for (size_t at = 0; at < rows.size();) {
    const size_t size = std::stoul(rows[at][1].value_or("1"));
    std::set<std::string> names;
    const bool distinct = is_true(rows[at][0]);
    for (size_t column = 0; column < size && at < rows.size(); ++column, ++at) names.insert(rows[at][2].value_or(""));
    if (names != wanted) continue;
    table.null_keys_distinct = distinct;
    return {};
  }
  return mismatch("upsert needs a unique index on exactly the key columns; CREATE UNIQUE INDEX ON " + table.name.quoted() + " (" +
                      quote_identifiers(target.key) + ")", "key");
}

Status match_columns(const Catalogue& catalogue, BoundTable& table) {
  std::set<std::string> given;
  for (const auto& entry : table.schema->fields()) {
    const auto& field = *entry;
    const auto found = catalogue.find(field.name());
    if (found == catalogue.end()) {
      const std::string type = column_type_for(field);
      return mismatch("the table has no such column; leave it out of the select, or ALTER TABLE " + table.name.quoted() +
                          " ADD COLUMN " + quote_identifier(field.name()) + " " + (type.empty() ? "…" : type), field.name());
    }
    if (found->second.generated) {
      return mismatch("the table computes this column itself; leave it out of the select: " + field.name(), field.name());
    }
    LT_RETURN_IF_ERROR(make_cell_encoder(field, found->second.type).status());
    table.columns.push_back({found->second.type, found->second.not_null});
    given.insert(field.name());
  }
  for (const auto& [name, column] : catalogue) {
    if (given.contains(name) || !column.not_null || column.has_default || column.generated) continue;
    return mismatch("the table demands a column that the pipeline does not give; select it, give it a default, or drop its NOT NULL: " +
                        name, name);
  }
  return {};
}

}  // namespace

std::vector<std::string> BoundTable::column_names() const {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.type.name);
  return names;
}

Result<std::shared_ptr<const BoundTable>> bind_table(Connection& connection, const PostgresTarget& target,
                                                     const TableName& name, std::shared_ptr<arrow::Schema> schema,
                                                     const Wait& wait) {
  BoundTable table;
  table.name = name;
  table.schema = std::move(schema);
  table.key = target.key;
  LT_RETURN_IF_ERROR(check_names(*table.schema, target));
  LT_ASSIGN_OR_RETURN(const auto relation, find_or_create(connection, target, name, *table.schema, wait));
  if (relation.kind != 'r' && relation.kind != 'p') {
    return mismatch("rows can go into ordinary and partitioned tables, not into views or foreign tables: " + name.plain());
  }
  if (relation.unlogged) {
    log::warn("the table is UNLOGGED: a crash of PostgreSQL empties it and the progress stays", {{"table", name.plain()}});
  }
  LT_ASSIGN_OR_RETURN(const auto catalogue, read_columns(connection, relation.oid, wait));
  if (Status matched = match_columns(catalogue, table); !matched.ok()) return matched.in("table " + name.plain());
  const bool upsert = target.mode == PostgresTarget::Mode::kUpsert;
  if (upsert) LT_RETURN_IF_ERROR(find_key_index(connection, target, relation, table, wait));
  table.staged = upsert || relation.checks_late;
  table.settled_by_copy = !table.staged && !relation.has_triggers && relation.kind == 'r';
  return std::make_shared<const BoundTable>(std::move(table));
}

Result<std::optional<Instant>> largest_in(Connection& connection, const TableName& name, const std::string& column, const Wait& wait) {
  LT_ASSIGN_OR_RETURN(const Rows table, connection.query("SELECT pg_catalog.to_regclass($1)::oid", {name.quoted()}, wait));
  if (!table.at(0).at(0)) return std::optional<Instant>();
  LT_ASSIGN_OR_RETURN(const Catalogue columns, read_columns(connection, *table[0][0], wait));
  const auto found = columns.find(column);
  if (found == columns.end()) return Status::user("bad_column", "the table has no such column: " + name.plain() + ", " + column);
  const ColumnType& type = found->second.type;
  if (type.base != "timestamptz" && type.base != "timestamp" && type.base != "date") {
    return Status::user("bad_column", "only a column of type timestamptz, timestamp or date says when a row is from; this one is " + type.sql_name + ": " + column);
  }
  const std::string quoted = quote_identifier(column);
  LT_ASSIGN_OR_RETURN(const Rows largest,
                      connection.query("SELECT pg_catalog.floor(EXTRACT(EPOCH FROM pg_catalog.max(" + quoted + ")) * 1000000)::bigint FROM " + name.quoted() +
                                           " WHERE pg_catalog.isfinite(" + quoted + ")", {}, wait));
  const auto& text = largest.at(0).at(0);
  if (!text) return std::optional<Instant>();
  const auto micros = parse_integer(*text);
  if (!micros) return Status::internal("postgres_protocol", "the server's answer is no number: " + *text);
  return std::optional(Instant{*micros});
}

}  // namespace laketide::postgres
