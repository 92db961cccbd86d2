// Rows that the server refused, on their way into <schema>.quarantine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/wait.h"
#include "laketide/status.h"
#include "sinks/postgres/chunk.h"
#include "sinks/postgres/connection.h"
#include "sinks/postgres/postgres_sink.h"

namespace laketide::postgres {

/// Writes refused rows, with their records read again, in the epoch's own transaction; forgets them when told that it
/// was rolled back. A record that is gone leaves key and value NULL and code `bytes_gone`, the refusal staying in `reason`;
/// a row without place leaves all of the record NULL. Headers are a JSON array of {"key", "value"}, or {"key", "base64"} where
/// the value is no text. Confined to its task.
class Quarantine {
 public:
  explicit Quarantine(const PostgresSinkOptions& options);

  /// Takes the rows; writes them once they are many. Their epoch's number may not be known yet.
  Status add(Connection& connection, std::vector<RefusedRow> rows, const Wait& wait);
  /// Writes the rest, and the epoch's number into all.
  Status finish(Connection& connection, EpochId epoch, const Wait& wait);
  void forget();

 private:
  const std::string& shown_as() const;
  Status write(Connection& connection, int64_t epoch, const Wait& wait);
  Status write_one(Connection& connection, int64_t epoch, const RefusedRow& row, const Wait& wait);
  Result<Reject> read_again(const RefusedRow& row, const Wait& wait);

  const PostgresSinkOptions& options_;
  std::string table_;
  std::vector<RefusedRow> rows_;
  bool unnumbered_ = false;  // rows stand in the table that do not have their epoch yet
};

}  // namespace laketide::postgres
