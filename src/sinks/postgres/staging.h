// Temporary tables for rows that go into their table only when the epoch is prepared.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/wait.h"
#include "laketide/status.h"
#include "sinks/postgres/chunk.h"
#include "sinks/postgres/connection.h"
#include "sinks/postgres/postgres_sink.h"
#include "sinks/postgres/table.h"

namespace laketide::postgres {

/// The SQL of one staged target on one connection. Rows are copied into a temporary table without constraints, with their
/// place and sequence; `apply` moves them. Append, overwrite: all of them. Upsert: of each key (NULL being equal to NULL) the row with the
/// largest `order_by`, then the last by (topic, partition, offset, sequence); it replaces what the table has unless that has a
/// larger `order_by`; NULL counts as the least. Where that row is a delete, the table's goes; one without place knows only its key, and
/// its `order_by` does not count.
/// Both temporary tables are made once a connection and empty themselves at its commits, so that the server's catalogue
/// does not grow. Keeps no state. Immutable.
class Staging {
 public:
  Staging(const PostgresTarget& target, std::shared_ptr<const BoundTable> table, size_t number);

  /// Makes the temporary tables, in no transaction. Upsert: gives the session 512 MB to sort in, unless it has more.
  Status create(Connection& connection, const Wait& wait) const;
  /// COPY into the temporary table.
  const std::string& copy_sql() const { return copy_sql_; }
  const TableName& table() const { return table_->name; }

  /// What the staged rows may hold. Immutable.
  struct Holds {
    bool null_keys = false;  // NULL in the key
    bool deletes = false;
  };

  /// Moves all rows at once. `rows` grows by the rows that changed the table.
  Status apply(Connection& connection, Holds holds, const Wait& wait, int64_t& rows) const;

  /// The same, but row by row where it must be, in the order of the rows' places, checking deferred constraints after each
  /// piece: rows that the server refuses are added to `refused`, and an upsert gives the next best row of the same key its chance.
  Status apply_with_care(Connection& connection, Holds holds, const Wait& wait, int64_t& rows,
                         std::vector<RefusedRow>& refused) const;

 private:
  struct Pieces;
  std::vector<std::string> statements(const std::string& from, Holds holds) const;
  void add_deletes(const std::string& from, Holds holds, std::vector<std::string>& sql) const;
  std::string upsert(const std::string& from, const std::string& condition) const;
  std::string key_is_null() const;
  std::string best() const;
  std::string same_key(const std::string& left, const std::string& right) const;
  Status run_counted(Connection& connection, const std::vector<std::string>& sql, const Wait& wait, int64_t& rows) const;
  Status apply_range(Pieces& pieces, int64_t from, int64_t to) const;
  Status refuse(Pieces& pieces, int64_t rank, const ServerError& error) const;

  PostgresTarget target_;
  std::shared_ptr<const BoundTable> table_;
  std::string stage_;
  std::string picked_;
  std::string columns_;
  std::string copy_sql_;
  std::vector<std::string> values_;  // columns outside the key
  bool null_keys_apart_ = false;     // ON CONFLICT does not see a row whose key has NULL
};

}  // namespace laketide::postgres
