// The connection over which rows go into a table of PostgreSQL.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "settings.h"

namespace straight {

/// The one connection, which the lanes share: whole rows, a buffer at a time. An upsert copies into a temporary table, with a number that
/// says which of two rows of a key came later, and puts the last row of each key into the table at the end of each transaction. Who follows a topic says in each transaction how many rows there are now, in the one
/// row of `TABLE_progress`. Thread-safe.
class CopyConnection {
 public:
  explicit CopyConnection(const Settings& settings)
      : connection_(PQconnectdb(settings.postgres.c_str())),
        table_(settings.table),
        upsert_(settings.sink == "upsert"),
        follow_(settings.sink == "follow"),
        begin_("COPY " + (upsert_ ? "stage" : table_) + " (id, event_type, ts, value, source, user_id" + (upsert_ ? ", number" : "") +
               ") FROM STDIN (FORMAT binary)"),
        rows_per_commit_(settings.rows_per_commit) {
    if (PQstatus(connection_) != CONNECTION_OK) fail(PQerrorMessage(connection_));
    if (upsert_) ask("CREATE TEMPORARY TABLE stage ON COMMIT DELETE ROWS AS SELECT *, 0::bigint AS number FROM " + table_ + " WITH NO DATA");
  }
  ~CopyConnection() { PQfinish(connection_); }
  CopyConnection(const CopyConnection&) = delete;
  CopyConnection& operator=(const CopyConnection&) = delete;

  /// Rows have a seventh column: their number, which grows from row to row.
  bool is_numbered() const { return upsert_; }

  void put(const std::vector<char>& bytes, size_t size, int64_t rows) {
    std::lock_guard lock(mutex_);
    if (!open_) begin();
    put(bytes.data(), size);
    rows_ += rows;
    if (rows_ >= rows_per_commit_) end();
  }
  void finish() {
    std::lock_guard lock(mutex_);
    if (open_) end();
  }

 private:
  void put(const char* bytes, size_t size) {
    if (PQputCopyData(connection_, bytes, static_cast<int>(size)) != 1) fail(PQerrorMessage(connection_));
  }
  void ask(const std::string& sql, ExecStatusType expected = PGRES_COMMAND_OK) {
    PGresult* answer = PQexec(connection_, sql.c_str());
    if (PQresultStatus(answer) != expected) fail(PQerrorMessage(connection_));
    PQclear(answer);
  }
  void begin() {
    if (upsert_ || follow_) ask("BEGIN");
    ask(begin_, PGRES_COPY_IN);
    put("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    open_ = true;
    rows_ = 0;
  }
  void end() {
    put("\377\377", 2);
    if (PQputCopyEnd(connection_, nullptr) != 1) fail(PQerrorMessage(connection_));
    while (PGresult* answer = PQgetResult(connection_)) {
      if (PQresultStatus(answer) != PGRES_COMMAND_OK) fail(PQerrorMessage(connection_));
      PQclear(answer);
    }
    open_ = false;
    total_ += rows_;
    if (follow_) ask("UPDATE " + table_ + "_progress SET next = " + std::to_string(total_) + "; COMMIT");
    if (!upsert_) return;
    ask("INSERT INTO " + table_ + " SELECT DISTINCT ON (id) id, event_type, ts, value, source, user_id FROM stage ORDER BY id, number DESC ON CONFLICT (id) DO UPDATE SET "
        "event_type = excluded.event_type, ts = excluded.ts, value = excluded.value, source = excluded.source, user_id = excluded.user_id");
    ask("COMMIT");
  }

  std::mutex mutex_;
  PGconn* const connection_;
  const std::string table_;
  const bool upsert_, follow_;
  const std::string begin_;
  const int64_t rows_per_commit_;
  int64_t rows_ = 0;   // of the open transaction
  int64_t total_ = 0;
  bool open_ = false;
};

}  // namespace straight
