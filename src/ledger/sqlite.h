// A thin, safe handle on SQLite: statements with parameters, failures as Status.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
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
  /// Opens or creates; sets WAL, synchronous=FULL, a busy time-out, and checks integrity.
  static Result<std::unique_ptr<SqliteFile>> open(const std::string& path);
  ~SqliteFile();
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;

  /// Runs one statement to its end; `row` is called for each result row with its columns.
  Status run(std::string_view sql, std::initializer_list<SqlValue> parameters = {},
             const std::function<void(const std::vector<SqlValue>&)>& row = nullptr);

 private:
  explicit SqliteFile(sqlite3* db) : db_(db) {}
  Status failure(std::string_view doing) const;

  sqlite3* db_;
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
