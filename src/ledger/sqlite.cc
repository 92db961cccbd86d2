#include "ledger/sqlite.h"

#include <sqlite3.h>

namespace laketide {
namespace {

void bind(sqlite3_stmt* statement, int index, const SqlValue& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    sqlite3_bind_int64(statement, index, *number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    sqlite3_bind_text(statement, index, text->data(), static_cast<int>(text->size()), SQLITE_TRANSIENT);
  } else {
    sqlite3_bind_null(statement, index);
  }
}

SqlValue column(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_NULL: return nullptr;
    case SQLITE_INTEGER: return static_cast<int64_t>(sqlite3_column_int64(statement, index));
    default:
      return std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, index)),
                         static_cast<size_t>(sqlite3_column_bytes(statement, index)));
  }
}

}  // namespace

Result<std::unique_ptr<SqliteFile>> SqliteFile::open(const std::string& path) {
  sqlite3* db = nullptr;
  const int rc = sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<SqliteFile> file(new SqliteFile(db));
  if (rc != SQLITE_OK) return file->failure("open the ledger " + path);
  sqlite3_busy_timeout(db, 10'000);
  LT_RETURN_IF_ERROR(file->establish("PRAGMA journal_mode=WAL"));
  LT_RETURN_IF_ERROR(file->establish("PRAGMA synchronous=FULL"));
  return file;
}

SqliteFile::~SqliteFile() {
  compiled_.clear();
  sqlite3_close(db_);
}

void SqliteFile::Finalizer::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Result<SqliteFile::Statement> SqliteFile::compiled(const std::string& sql) {
  if (auto known = compiled_.extract(sql)) return std::move(known.mapped());
  sqlite3_stmt* raw = nullptr;
  const int length = static_cast<int>(sql.size());
  if (sqlite3_prepare_v3(db_, sql.data(), length, SQLITE_PREPARE_PERSISTENT, &raw, nullptr) != SQLITE_OK) return failure("prepare");
  return Statement(raw);
}

Status SqliteFile::run(std::string_view sql, std::initializer_list<SqlValue> parameters,
                       const std::function<void(const std::vector<SqlValue>&)>& row) {
  std::string text(sql);
  LT_ASSIGN_OR_RETURN(Statement statement, compiled(text));
  sqlite3_stmt* const raw = statement.get();
  int index = 0;
  for (const auto& value : parameters) bind(raw, ++index, value);
  int rc;
  while ((rc = sqlite3_step(raw)) == SQLITE_ROW) {
    if (!row) continue;
    std::vector<SqlValue> columns;
    for (int i = 0; i < sqlite3_column_count(raw); ++i) columns.push_back(column(raw, i));
    row(columns);
  }
  if (rc != SQLITE_DONE) return failure("step");
  // A PRAGMA may do its work while it is compiled.
  if (text.starts_with("PRAGMA")) return {};
  sqlite3_reset(raw);
  sqlite3_clear_bindings(raw);
  compiled_[std::move(text)] = std::move(statement);
  return {};
}

Status SqliteFile::establish(std::string_view sql, const std::function<void(const std::vector<SqlValue>&)>& row) {
  const Status outcome = run(sql, {}, row);
  return outcome.fault() == Fault::kInternal ? damaged(outcome.detail()) : outcome;
}

Status SqliteFile::check() {
  std::string verdict;
  LT_RETURN_IF_ERROR(establish("PRAGMA integrity_check(1)", [&](const auto& row) { verdict = text_of(row[0]); }));
  return verdict == "ok" ? Status() : damaged(verdict);
}

Status SqliteFile::damaged(std::string_view what) {
  return Status::user("ledger_corrupt", "the ledger is damaged; restore it from a backup, or move it away to continue from what the sinks have: " + std::string(what));
}

Status SqliteFile::failure(std::string_view doing) const {
  const std::string what = std::string(doing) + ": " + sqlite3_errmsg(db_);
  switch (sqlite3_errcode(db_)) {
    case SQLITE_FULL: return Status::external("disk_full", "no space left for the ledger; free some: " + what);
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_BUSY: return Status::external("ledger_io", "the ledger cannot be written or read: " + what);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return damaged(what);
    default: return Status::internal("ledger", what);
  }
}

}  // namespace laketide
