#include "sinks/postgres/progress.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "sinks/postgres/identifier.h"

namespace laketide::postgres {
namespace {

constexpr int kLockAttempts = 3;  // a terminated backend is gone by the second

// The server takes a row's old versions out of its page when it next looks at a page that is filled beyond this, so half of one stays free for
// the row's next version. In a full page there is no room for it: the table would grow by a page for every few epochs until it is vacuumed.
constexpr const char* kProgressDefinition =
    "(pipeline text NOT NULL, sink text NOT NULL, generation bigint NOT NULL, epoch bigint, next jsonb NOT NULL DEFAULT '{}', "
    "plan jsonb, updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(), PRIMARY KEY (pipeline, sink)) WITH (fillfactor = 50)";
constexpr const char* kQuarantineDefinition =
    "(pipeline text NOT NULL, epoch bigint NOT NULL, source text, topic text, partition integer, \"offset\" bigint, "
    "\"timestamp\" timestamptz, key bytea, value bytea, headers jsonb, stage text NOT NULL, code text NOT NULL, "
    "reason text NOT NULL, quarantined_at timestamptz NOT NULL DEFAULT pg_catalog.now())";

Result<int64_t> to_int64(const std::optional<std::string>& text) {
  int64_t value = 0;
  if (!text) return Status::internal("bad_progress", "a number of the progress table is NULL");
  const auto read = std::from_chars(text->data(), text->data() + text->size(), value);
  if (read.ec != std::errc()) return Status::internal("bad_progress", "the progress table holds no number: " + *text);
  return value;
}

std::string next_to_json(const Positions& next) {
  nlohmann::json document = nlohmann::json::object();
  for (const auto& [at, offset] : next) document[at.source][at.topic][std::to_string(at.partition)] = offset.value;
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<Positions> next_from_json(const std::string& text) {
  Positions next;
  try {
    const auto document = nlohmann::json::parse(text);
    for (const auto& [source, topics] : document.items()) {
      for (const auto& [topic, partitions] : topics.items()) {
        for (const auto& [partition, offset] : partitions.items()) {
          next[{source, topic, std::stoi(partition)}] = NextOffset(offset.get<int64_t>());
        }
      }
    }
  } catch (const std::exception& error) {
    return Status::user("bad_progress", std::string("column next of the progress table cannot be read; it was changed by "
                                                    "hand: ") + error.what());
  }
  return next;
}

std::string array_literal(const std::vector<std::string>& values) {
  std::string out = "ARRAY[";
  for (const auto& value : values) {
    if (out.back() != '[') out += ", ";
    out += quote_literal(value);
  }
  return out + "]::text[]";
}

}  // namespace

ProgressTable::ProgressTable(std::string schema, std::string pipeline)
    : schema_(std::move(schema)), pipeline_(std::move(pipeline)), table_(TableName{schema_, "progress"}.quoted()) {}

Status ProgressTable::create(Connection& connection, const Wait& wait) const {
  LT_RETURN_IF_ERROR(create_one(connection, "progress", kProgressDefinition, wait));
  return create_one(connection, "quarantine", kQuarantineDefinition, wait);
}

// IF NOT EXISTS asks for the right to create before it looks, and two that create at once collide in the catalogue; so
// look first, and look again after a failure.
Status ProgressTable::create_one(Connection& connection, const std::string& name, const std::string& definition,
                                 const Wait& wait) const {
  const TableName table{schema_, name};
  Status created;
  for (int attempt = 0; attempt < 2; ++attempt) {
    LT_ASSIGN_OR_RETURN(const auto found, connection.query("SELECT pg_catalog.to_regclass($1), pg_catalog.to_regnamespace($2)",
                                                           {table.quoted(), quote_identifier(schema_)}, wait));
    if (found.at(0).at(0)) return {};
    std::string sql = found.at(0).at(1) ? "" : "CREATE SCHEMA IF NOT EXISTS " + quote_identifier(schema_) + ";";
    sql += "CREATE TABLE IF NOT EXISTS " + table.quoted() + " " + definition;
    created = connection.run(sql, wait);
    if (created.ok() || !connection.usable()) return created;
  }
  LT_ASSIGN_OR_RETURN(const auto found, connection.query("SELECT pg_catalog.to_regclass($1)", {table.quoted()}, wait));
  return found.at(0).at(0) ? Status() : created.in("creating " + table.plain());
}

Result<Progress> ProgressTable::claim(Connection& connection, const std::string& sink,
                                      const std::vector<std::string>& own_names, std::chrono::milliseconds lock_timeout,
                                      const Wait& wait) const {
  for (int attempt = 0;; ++attempt) {
    auto progress = raise(connection, sink, lock_timeout, wait);
    if (progress.ok() || !connection.usable()) return progress;
    const ServerError cause = connection.last_error();
    LT_RETURN_IF_ERROR(connection.run("ROLLBACK", wait));
    if (!cause.is_lock_timeout()) return progress;
    if (attempt + 1 == kLockAttempts) {
      return Status::external("progress_locked", "the progress row of this sink stays locked and its holder did not go or is not to be "
                                                     "seen; look for it in pg_locks: " + pipeline_ + "/" + sink);
    }
    LT_RETURN_IF_ERROR(terminate_holder(connection, sink, own_names, wait));
  }
}

Result<Progress> ProgressTable::raise(Connection& connection, const std::string& sink,
                                      std::chrono::milliseconds lock_timeout, const Wait& wait) const {
  LT_RETURN_IF_ERROR(connection.run("BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = " + std::to_string(lock_timeout.count()), wait));
  LT_ASSIGN_OR_RETURN(auto inserted, connection.query("INSERT INTO " + table_ +
                                                          " (pipeline, sink, generation) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING",
                                                      {pipeline_, sink}, wait));
  Rows held;
  LT_RETURN_IF_ERROR(connection.ask(lock(sink), held, wait));
  LT_RETURN_IF_ERROR(locked(held, sink).status());
  LT_ASSIGN_OR_RETURN(const auto rows,
                      connection.query("UPDATE " + table_ +
                                           " SET generation = generation + 1, updated_at = pg_catalog.clock_timestamp() "
                                           "WHERE pipeline = $1 AND sink = $2 RETURNING generation, epoch, next::text, plan::text",
                                       {pipeline_, sink}, wait));
  Progress progress;
  const auto& row = rows.at(0);
  LT_ASSIGN_OR_RETURN(const int64_t generation, to_int64(row[0]));
  progress.generation = Generation(generation);
  if (row[1]) {
    LT_ASSIGN_OR_RETURN(const int64_t epoch, to_int64(row[1]));
    progress.epoch = EpochId(epoch);
  }
  LT_ASSIGN_OR_RETURN(progress.next, next_from_json(row[2].value_or("{}")));
  progress.plan = row[3].value_or("");
  LT_RETURN_IF_ERROR(connection.run("COMMIT", wait));
  return progress;
}

Result<ProgressRow> ProgressTable::read(Connection& connection, const std::string& sink, const std::vector<std::string>& own_names,
                                        std::chrono::milliseconds lock_timeout, const Wait& wait) const {
  for (int attempt = 0;; ++attempt) {
    Rows rows;
    const Status asked = connection.ask("BEGIN; SET LOCAL lock_timeout = " + std::to_string(lock_timeout.count()) + "; " + lock(sink), rows, wait);
    auto row = asked.ok() ? locked(rows, sink) : Result<ProgressRow>(asked);
    const ServerError cause = connection.last_error();
    if (!connection.usable()) return row;
    LT_RETURN_IF_ERROR(connection.run("ROLLBACK", wait));
    if (row.ok() || !cause.is_lock_timeout() || attempt + 1 == kLockAttempts) return row;
    LT_RETURN_IF_ERROR(terminate_holder(connection, sink, own_names, wait));
  }
}

std::string ProgressTable::where(const std::string& sink) const {
  return " WHERE pipeline = " + quote_literal(pipeline_) + " AND sink = " + quote_literal(sink);
}

std::string ProgressTable::lock(const std::string& sink) const {
  return "SELECT sink, generation, epoch FROM " + table_ + where(sink) + " FOR UPDATE";
}

Result<ProgressRow> ProgressTable::locked(const Rows& rows, const std::string& sink) const {
  const auto found = std::ranges::find_if(rows, [&](const auto& one) { return one.at(0) == sink; });
  if (found == rows.end()) {
    return Status::user("progress_lost", "somebody deleted the row of this sink from " + schema_ +
                                             ".progress while the pipeline ran; start the pipeline again: " + pipeline_ + "/" + sink);
  }
  ProgressRow row;
  LT_ASSIGN_OR_RETURN(const int64_t generation, to_int64(found->at(1)));
  row.generation = Generation(generation);
  if (found->at(2)) {
    LT_ASSIGN_OR_RETURN(const int64_t epoch, to_int64(found->at(2)));
    row.epoch = EpochId(epoch);
  }
  return row;
}

std::string ProgressTable::advance(const std::string& sink, const ProgressRow& known, const EpochPlan& plan, const Positions& next) const {
  return "UPDATE " + table_ + " SET epoch = " + std::to_string(plan.epoch.value) + ", next = " + quote_literal(next_to_json(next)) +
         ", plan = " + quote_literal(plan.to_json()) + ", updated_at = pg_catalog.clock_timestamp()" + where(sink) +
         " AND generation = " + std::to_string(known.generation.value) +
         " AND epoch " + (known.epoch ? "= " + std::to_string(known.epoch->value) : std::string("IS NULL")) + " RETURNING pg_catalog.txid_current()";
}

// The row's xmax names the transaction that locked or changed it, and every running transaction holds a lock on its own
// number: the only way from a row to its holder while nobody of ours waits for it.
Status ProgressTable::terminate_holder(Connection& connection, const std::string& sink,
                                       const std::vector<std::string>& own_names, const Wait& wait) const {
  LT_ASSIGN_OR_RETURN(
      const auto holders,
      connection.query("SELECT l.pid, a.application_name, CASE WHEN a.application_name = ANY (" + array_literal(own_names) +
                           ") THEN pg_catalog.pg_terminate_backend(l.pid) END FROM " + table_ +
                           " p JOIN pg_catalog.pg_locks l ON l.locktype = 'transactionid' AND l.granted AND l.mode = 'ExclusiveLock' "
                           "AND l.transactionid = p.xmax LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid "
                           "WHERE p.pipeline = $1 AND p.sink = $2 AND l.pid <> pg_catalog.pg_backend_pid()",
                       {pipeline_, sink}, wait));
  for (const auto& holder : holders) {
    if (holder[2] == "t") {
      log::warn("ended the PostgreSQL backend of an earlier owner that held the sink's progress",
                {{"pipeline", pipeline_}, {"sink", sink}, {"backend", holder[0].value_or("")}});
      continue;
    }
    return Status::external("progress_locked",
                            "the progress row of this sink is locked by a backend that is not ours to end; end it or wait: "
                            "pid " + holder[0].value_or("?") + ", application_name " + holder[1].value_or("(hidden)"));
  }
  return {};
}

}  // namespace laketide::postgres
