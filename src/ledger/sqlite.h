// A thin, safe handle on SQLite: statements with parameters, failures as Status.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "laketide/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace laketide {

using SqlValue = std::variant<std::nullptr_t, int64_t, std::string>;

/// One connection to one file. Caller synchronises.
class SqliteFile {
 public:
  /// Opens or creates; sets WAL, synchronous=FULL and a busy time-out.
  static Result<std::unique_ptr<SqliteFile>> open(const std::string& path);
  ~SqliteFile();
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;

  /// Runs one statement to its end; `row` is called for each result row with its columns. What it is compiled to is kept for the next time.
  Status run(std::string_view sql, std::initializer_list<SqlValue> parameters = {},
             const std::function<void(const std::vector<SqlValue>&)>& row = nullptr);

  /// A statement that any ledger can run: what SQLite cannot do with it is the file's damage, `kUser` ledger_corrupt.
  Status establish(std::string_view sql, const std::function<void(const std::vector<SqlValue>&)>& row = nullptr);
  /// Reads everything: pages, rows in their order, indexes with what they should hold. `kUser` ledger_corrupt.
  Status check();
  /// `kUser` ledger_corrupt: what is wrong with the file.
  static Status damaged(std::string_view what);

 private:
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalizer>;

  explicit SqliteFile(sqlite3* db) : db_(db) {}
  Result<Statement> compiled(const std::string& sql);
  Status failure(std::string_view doing) const;

  sqlite3* db_;
  std::map<std::string, Statement> compiled_;  // by text; not those that run
};

/// Text of a column, empty for NULL.
inline std::string text_of(const SqlValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text ? *text : std::string();
}
inline int64_t int_of(const SqlValue& value) {
  const auto* number = std::get_if<int64_t>(&value);
  return number ? *number : 0;
}

}  // namespace laketide
