#include "sinks/postgres/staging.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "sinks/postgres/identifier.h"
#include "sinks/postgres/staged_place.h"

namespace laketide::postgres {
namespace {

constexpr const char* kCheckConstraints = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED";

// Twice as much as an epoch may hold (a row of 127 bytes in the topic takes 190 here), so that its rows are sorted in memory; the server takes no
// more than they need. In the 4 MB that it gives by itself they go through the disk twice. A server, role or URL that gives more keeps it.
constexpr const char* kRoomToSort =
    "; SELECT pg_catalog.set_config('work_mem', '512MB', false) WHERE pg_catalog.pg_size_bytes(pg_catalog.current_setting('work_mem')) < "
    "pg_catalog.pg_size_bytes('512MB')";

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const auto& part : parts) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

int64_t to_number(const std::optional<std::string>& text, int64_t otherwise) {
  int64_t value = otherwise;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

// "INSERT 0 5" and "UPDATE 5" end in the number of rows.
int64_t rows_of(const std::string& tag) { return to_number(tag.substr(tag.rfind(' ') + 1), 0); }

}  // namespace

// One pass of apply_with_care.
struct Staging::Pieces {
  Connection& connection;
  const Wait& wait;
  Holds holds;
  int64_t rows = 0;
  std::vector<std::string> refused_places{};
  std::vector<RefusedRow> refused{};
};

Staging::Staging(const PostgresTarget& target, std::shared_ptr<const BoundTable> table, size_t number)
    : target_(target),
      table_(std::move(table)),
      stage_("pg_temp.lt_stage_" + std::to_string(number)),
      picked_("pg_temp.lt_picked_" + std::to_string(number)),
      columns_(quote_identifiers(table_->column_names())),
      copy_sql_("COPY " + stage_ + " (" + columns_ + ", _lt_place) FROM STDIN (FORMAT binary)") {
  for (const auto& column : table_->columns) {
    const auto& name = column.type.name;
    const bool in_key = std::find(target_.key.begin(), target_.key.end(), name) != target_.key.end();
    if (!in_key) values_.push_back(name);
    null_keys_apart_ = null_keys_apart_ || (in_key && !column.not_null && table_->null_keys_distinct);
  }
}

Status Staging::create(Connection& connection, const Wait& wait) const {
  std::string sql = "DROP TABLE IF EXISTS " + stage_ + ", " + picked_ + "; CREATE TEMPORARY TABLE " + stage_.substr(8) +
                          " ON COMMIT DELETE ROWS AS SELECT " + columns_ +
                          ", NULL::bytea AS _lt_place FROM " + table_->name.quoted() + " WITH NO DATA; CREATE TEMPORARY TABLE " + picked_.substr(8) +
                          " ON COMMIT DELETE ROWS AS SELECT *, NULL::bigint AS _lt_rank FROM " + stage_ +
                          " WITH NO DATA; CREATE INDEX ON " + picked_ + " (_lt_rank)";
  if (target_.mode == PostgresTarget::Mode::kUpsert) sql += kRoomToSort;
  return connection.run(sql, wait).in("making the staging tables of " + table_->name.plain());
}

Status Staging::apply(Connection& connection, Holds holds, const Wait& wait, int64_t& rows) const {
  const std::string from = target_.mode == PostgresTarget::Mode::kUpsert ? "(" + best() + ")" : stage_;
  return run_counted(connection, statements(from, holds), wait, rows);
}

Status Staging::apply_with_care(Connection& connection, Holds holds, const Wait& wait, int64_t& rows,
                                std::vector<RefusedRow>& refused) const {
  const bool upsert = target_.mode == PostgresTarget::Mode::kUpsert;
  for (;;) {
    Pieces pieces{connection, wait, holds};
    const std::string from = upsert ? "(" + best() + ")" : stage_;
    LT_RETURN_IF_ERROR(connection.run("DELETE FROM " + picked_ + "; INSERT INTO " + picked_ + " SELECT b.*, row_number() OVER (ORDER BY _lt_place) FROM " + from + " b", wait));
    LT_ASSIGN_OR_RETURN(const auto count, connection.query("SELECT pg_catalog.count(*) FROM " + picked_, {}, wait));
    const int64_t end = to_number(count.at(0).at(0), 0) + 1;
    if (end > 1) LT_RETURN_IF_ERROR(apply_range(pieces, 1, end));
    rows += pieces.rows;
    refused.insert(refused.end(), pieces.refused.begin(), pieces.refused.end());
    if (!upsert || pieces.refused.empty()) return {};
    const std::string bad = "(" + joined(pieces.refused_places, ", ") + ")";
    LT_RETURN_IF_ERROR(connection.run("DELETE FROM " + stage_ + " s WHERE s._lt_place IN " + bad + " OR NOT EXISTS (SELECT FROM " + picked_ +
                                          " p WHERE p._lt_place IN " + bad + " AND " + same_key("s.", "p.") + ")", wait));
  }
}

// Of each key the row that stays.
std::string Staging::best() const {
  const std::string key = quote_identifiers(target_.key);
  const std::string larger = target_.order_by.empty() ? "" : quote_identifier(target_.order_by) + " DESC NULLS LAST, ";
  return "SELECT DISTINCT ON (" + key + ") * FROM " + stage_ + " ORDER BY " + key + ", " + larger + "_lt_place DESC";
}

std::string Staging::same_key(const std::string& left, const std::string& right) const {
  std::vector<std::string> parts;
  for (const auto& name : target_.key) {
    parts.push_back(left + quote_identifier(name) + " IS NOT DISTINCT FROM " + right + quote_identifier(name));
  }
  return joined(parts, " AND ");
}

std::vector<std::string> Staging::statements(const std::string& from, Holds holds) const {
  const std::string table = table_->name.quoted();
  if (target_.mode != PostgresTarget::Mode::kUpsert) {
    return {"INSERT INTO " + table + " (" + columns_ + ") OVERRIDING SYSTEM VALUE SELECT " + columns_ + " FROM " + from + " b"};
  }
  std::vector<std::string> sql;
  if (holds.deletes) add_deletes(from, holds, sql);
  const std::string stays = holds.deletes ? "NOT " + is_delete("b._lt_place") : "true";
  if (!holds.null_keys || !null_keys_apart_) {
    sql.push_back(upsert(from, " WHERE " + stays));
    return sql;
  }
  std::vector<std::string> assignments;
  for (const auto& name : values_) assignments.push_back(quote_identifier(name) + " = b." + quote_identifier(name));
  sql.push_back(upsert(from, " WHERE " + stays + " AND NOT " + key_is_null()));
  if (!assignments.empty()) {
    const std::string order = target_.order_by.empty() ? "" : quote_identifier(target_.order_by);
    sql.push_back("UPDATE " + table + " t SET " + joined(assignments, ", ") + " FROM " + from + " b WHERE " + stays + " AND " + key_is_null() + " AND " +
                  same_key("t.", "b.") + (order.empty() ? "" : " AND (t." + order + " IS NULL OR b." + order + " >= t." + order + ")"));
  }
  sql.push_back("INSERT INTO " + table + " (" + columns_ + ") OVERRIDING SYSTEM VALUE SELECT " + quote_identifiers(table_->column_names(), "b.") +
                " FROM " + from + " b WHERE " + stays + " AND " + key_is_null() + " AND NOT EXISTS (SELECT FROM " + table + " t WHERE " + same_key("t.", "b.") + ")");
  return sql;
}

// IS NOT DISTINCT FROM uses no index, so it is left to the rows that need it.
void Staging::add_deletes(const std::string& from, Holds holds, std::vector<std::string>& sql) const {
  const std::string begin = "DELETE FROM " + table_->name.quoted() + " t USING " + from + " b WHERE " + is_delete("b._lt_place") + " AND ";
  const std::string order = target_.order_by.empty() ? "" : quote_identifier(target_.order_by);
  const std::string newer = order.empty() ? "" : " AND (" + is_unplaced("b._lt_place") + " OR t." + order + " IS NULL OR b." + order + " >= t." + order + ")";
  std::vector<std::string> equal;
  for (const auto& name : target_.key) equal.push_back("t." + quote_identifier(name) + " = b." + quote_identifier(name));
  sql.push_back(begin + joined(equal, " AND ") + newer);
  if (holds.null_keys) sql.push_back(begin + key_is_null() + " AND " + same_key("t.", "b.") + newer);
}

std::string Staging::key_is_null() const {
  std::vector<std::string> nulls;
  for (const auto& name : target_.key) nulls.push_back("b." + quote_identifier(name) + " IS NULL");
  return "(" + joined(nulls, " OR ") + ")";
}

// Sorted by key (DISTINCT ON sorts), so that writers into one table lock its rows in one order.
std::string Staging::upsert(const std::string& from, const std::string& condition) const {
  std::string sql = "INSERT INTO " + table_->name.quoted() + " AS t (" + columns_ + ") OVERRIDING SYSTEM VALUE SELECT " + columns_ +
                    " FROM " + from + " b" + condition + " ON CONFLICT (" + quote_identifiers(target_.key) + ") DO ";
  if (values_.empty()) return sql + "NOTHING";
  std::vector<std::string> assignments;
  for (const auto& name : values_) assignments.push_back(quote_identifier(name) + " = excluded." + quote_identifier(name));
  sql += "UPDATE SET " + joined(assignments, ", ");
  if (target_.order_by.empty()) return sql;
  const std::string order = quote_identifier(target_.order_by);
  return sql + " WHERE t." + order + " IS NULL OR excluded." + order + " >= t." + order;
}

Status Staging::run_counted(Connection& connection, const std::vector<std::string>& sql, const Wait& wait, int64_t& rows) const {
  for (const auto& statement : sql) {
    LT_RETURN_IF_ERROR(connection.run(statement, wait));
    rows += rows_of(connection.tag());
  }
  return {};
}

Status Staging::apply_range(Pieces& pieces, int64_t from, int64_t to) const {
  Connection& connection = pieces.connection;
  const std::string range = "(SELECT * FROM " + picked_ + " WHERE _lt_rank >= " + std::to_string(from) + " AND _lt_rank < " +
                            std::to_string(to) + ")";
  LT_RETURN_IF_ERROR(connection.run("SAVEPOINT lt", pieces.wait));
  int64_t rows = 0;
  Status applied = run_counted(connection, statements(range, pieces.holds), pieces.wait, rows);
  if (applied.ok()) applied = connection.run(kCheckConstraints, pieces.wait);
  if (applied.ok()) {
    pieces.rows += rows;
    return connection.run("RELEASE SAVEPOINT lt", pieces.wait);
  }
  if (!connection.usable() || !connection.last_error().is_data()) return applied;
  const ServerError error = connection.last_error();
  LT_RETURN_IF_ERROR(connection.run("ROLLBACK TO SAVEPOINT lt; RELEASE SAVEPOINT lt", pieces.wait));
  if (to - from == 1) return refuse(pieces, from, error);
  const int64_t middle = from + (to - from) / 2;
  LT_RETURN_IF_ERROR(apply_range(pieces, from, middle));
  return apply_range(pieces, middle, to);
}

Status Staging::refuse(Pieces& pieces, int64_t rank, const ServerError& error) const {
  LT_ASSIGN_OR_RETURN(const auto rows, pieces.connection.query("SELECT pg_catalog.encode(_lt_place, 'hex') FROM " + picked_ + " WHERE _lt_rank = $1",
                                                               {std::to_string(rank)}, pieces.wait));
  const std::string digits = rows.at(0).at(0).value_or("");
  std::string bytes;
  const StagedPlace place = place_of(digits, bytes);
  pieces.refused_places.push_back("'\\x" + digits + "'");
  pieces.refused.push_back({{place.offset, place.partition, -1}, std::string(place.topic), error.condition(), error.text()});
  return {};
}

}  // namespace laketide::postgres
