#include "ledger/ledger.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

#include "base/failpoint.h"
#include "base/mutex.h"
#include "ledger/sqlite.h"

namespace laketide {
namespace {

constexpr int kFormatVersion = 1;
constexpr int64_t kNotBegun = -1;  // of a reset: no epoch yet
constexpr int kEpochsKept = 1000;  // per pipeline; older receipts are dropped

// What is left of a pipeline that nobody knows any more: where it goes on if it is made again.
constexpr const char* kForgetHistory = "DELETE FROM epochs WHERE pipeline=? AND epoch <"
    " (SELECT newer.epoch FROM epochs AS newer WHERE newer.pipeline=epochs.pipeline AND newer.committed=1 ORDER BY newer.epoch DESC LIMIT 1)";
// The same for all of them: earlier releases kept it, and a crash may have come between a job's end and its line's.
constexpr const char* kForgetAllHistory = "DELETE FROM epochs WHERE pipeline NOT IN (SELECT pipeline FROM intents)"
    " AND NOT EXISTS (SELECT 1 FROM jobs WHERE finished=0 AND substr(epochs.pipeline, 1, length(jobs.pipeline) + 1) = jobs.pipeline || '@')"
    " AND epoch < (SELECT newer.epoch FROM epochs AS newer WHERE newer.pipeline=epochs.pipeline AND newer.committed=1 ORDER BY newer.epoch DESC LIMIT 1)";

constexpr const char* kTables[] = {
    "CREATE TABLE IF NOT EXISTS intents (pipeline TEXT PRIMARY KEY, want TEXT NOT NULL, document TEXT NOT NULL, origin TEXT NOT NULL,"
    " failed_code TEXT NOT NULL, failed_detail TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS epochs (pipeline TEXT NOT NULL, epoch INTEGER NOT NULL, plan TEXT NOT NULL, committed INTEGER NOT NULL,"
    " receipt TEXT NOT NULL, PRIMARY KEY (pipeline, epoch)) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS jobs (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL,"
    " finished INTEGER NOT NULL, pipeline TEXT NOT NULL, key TEXT NOT NULL, submitted_ms INTEGER NOT NULL, body TEXT NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS jobs_by_key ON jobs (key, number) WHERE key <> ''",
    "CREATE INDEX IF NOT EXISTS jobs_unfinished ON jobs (number) WHERE finished = 0",
    "CREATE TABLE IF NOT EXISTS resets (pipeline TEXT PRIMARY KEY, start TEXT NOT NULL, first INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS schemas (topic TEXT PRIMARY KEY, schema TEXT NOT NULL) STRICT, WITHOUT ROWID",
};

/// Holds the state directory for this process until destroyed. Immutable.
class DirectoryLock {
 public:
  static Result<std::unique_ptr<DirectoryLock>> take(const std::string& dir) {
    std::error_code made;
    std::filesystem::create_directories(dir, made);
    if (made) return Status::user("state_dir", "the state directory cannot be made: " + dir + ": " + made.message(), "state.dir");
    const std::string path = dir + "/lock";
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return Status::user("state_dir", "the state directory cannot be written: " + path + ": " + std::strerror(errno), "state.dir");
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      close(fd);
      return Status::user("state_dir_in_use", "another laketide process uses this state directory; stop it, or set state.dir to another place: " + dir, "state.dir");
    }
    return std::unique_ptr<DirectoryLock>(new DirectoryLock(fd));
  }
  ~DirectoryLock() { close(fd_); }

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

EpochRow epoch_row(const std::string& pipeline, const std::vector<SqlValue>& row) {
  return {pipeline, EpochId(int_of(row[0])), text_of(row[1]), int_of(row[2]) != 0, text_of(row[3])};
}

constexpr const char* kJobColumns = "id, number, state, finished, pipeline, key, submitted_ms, body";

JobRow job_row(const std::vector<SqlValue>& row) {
  return {text_of(row[0]), int_of(row[1]), text_of(row[2]), int_of(row[3]) != 0, text_of(row[4]), text_of(row[5]), int_of(row[6]), text_of(row[7])};
}

/// Thread-safe.
class SqliteLedger final : public Ledger {
 public:
  SqliteLedger(std::unique_ptr<DirectoryLock> lock, std::unique_ptr<SqliteFile> writer, std::unique_ptr<SqliteFile> reader)
      : lock_(std::move(lock)), writer_(std::move(writer)), reader_(std::move(reader)) {}

  Status save_intent(const Intent& intent) override {
    LT_FAILPOINT("ledger.intent.before");
    LT_RETURN_IF_ERROR(write([&](SqliteFile& db) {
      return db.run("INSERT OR REPLACE INTO intents VALUES (?,?,?,?,?,?)",
                    {intent.pipeline, intent.want, intent.document, intent.origin, intent.failed_code, intent.failed_detail});
    }));
    LT_FAILPOINT("ledger.intent.after");
    return {};
  }

  Result<std::vector<Intent>> intents() override {
    std::vector<Intent> all;
    LT_RETURN_IF_ERROR(read("SELECT pipeline, want, document, origin, failed_code, failed_detail FROM intents ORDER BY pipeline", {}, [&](const auto& row) {
      all.push_back({text_of(row[0]), text_of(row[1]), text_of(row[2]), text_of(row[3]), text_of(row[4]), text_of(row[5])});
    }));
    return all;
  }

  Status forget_intent(const std::string& pipeline) override {
    LT_FAILPOINT("ledger.forget.before");
    LT_RETURN_IF_ERROR(write([&](SqliteFile& db) -> Status {
      LT_RETURN_IF_ERROR(db.run("DELETE FROM intents WHERE pipeline=?", {pipeline}));
      return db.run(kForgetHistory, {pipeline});
    }));
    LT_FAILPOINT("ledger.forget.after");
    return {};
  }

  Status save_reset(const std::string& pipeline, const ResetRow& reset) override {
    LT_FAILPOINT("ledger.reset.before");
    const int64_t first = reset.first ? reset.first->value : kNotBegun;
    LT_RETURN_IF_ERROR(write([&](SqliteFile& db) { return db.run("INSERT OR REPLACE INTO resets VALUES (?,?,?)", {pipeline, reset.start, first}); }));
    LT_FAILPOINT("ledger.reset.after");
    return {};
  }

  Result<std::optional<ResetRow>> reset(const std::string& pipeline) override {
    std::optional<ResetRow> found;
    LT_RETURN_IF_ERROR(read("SELECT start, first FROM resets WHERE pipeline=?", {pipeline}, [&](const auto& row) {
      found = ResetRow{text_of(row[0]), {}};
      if (int_of(row[1]) != kNotBegun) found->first = EpochId(int_of(row[1]));
    }));
    return found;
  }

  Result<int64_t> save_job(const JobRow& job) override {
    LT_FAILPOINT("ledger.job.before");
    int64_t number = job.number;
    LT_RETURN_IF_ERROR(write([&](SqliteFile& db) -> Status {
      return db.run("INSERT INTO jobs (id, state, finished, pipeline, key, submitted_ms, body) VALUES (?,?,?,?,?,?,?)"
                    " ON CONFLICT (id) DO UPDATE SET state=excluded.state, finished=excluded.finished, body=excluded.body RETURNING number",
                    {job.id, job.state, int64_t{job.finished}, job.pipeline, job.key, job.submitted_ms, job.body},
                    [&](const auto& row) { number = int_of(row[0]); });
    }));
    LT_FAILPOINT("ledger.job.after");
    return number;
  }

  Result<std::optional<JobRow>> job(const std::string& id) override {
    LT_ASSIGN_OR_RETURN(auto rows, read_jobs("WHERE id=?", {id}));
    return first_of(std::move(rows));
  }

  Result<std::vector<JobRow>> jobs(const JobQuery& query) override {
    return read_jobs("WHERE number<? AND (?='' OR state=?) AND (?='' OR pipeline=?) ORDER BY number DESC LIMIT ?",
                     {query.before_number, query.state, query.state, query.pipeline, query.pipeline, int64_t{query.count_max}});
  }

  Result<std::vector<JobRow>> unfinished_jobs() override { return read_jobs("WHERE finished=0 ORDER BY number", {}); }

  Result<std::optional<JobRow>> job_of_key(const std::string& key, int64_t since_ms) override {
    LT_ASSIGN_OR_RETURN(auto rows, read_jobs("WHERE key=? AND key<>'' AND submitted_ms>=? ORDER BY number DESC LIMIT 1", {key, since_ms}));
    return first_of(std::move(rows));
  }

  Status forget_jobs(int64_t count_max, int64_t since_ms) override {
    return write([&](SqliteFile& db) {
      return db.run("DELETE FROM jobs WHERE finished=1 AND (submitted_ms<? OR number <= (SELECT number FROM jobs WHERE finished=1"
                    " ORDER BY number DESC LIMIT 1 OFFSET ?))",
                    {since_ms, count_max});
    });
  }

  Status plan_epoch(const std::string& pipeline, EpochId epoch, const std::string& plan, Durable durable) override {
    LT_FAILPOINT("ledger.plan.before");
    const Change change = [&](SqliteFile& db) -> Status {
      bool differs = false;
      LT_RETURN_IF_ERROR(db.run("SELECT plan FROM epochs WHERE pipeline=? AND epoch=? AND committed=1", {pipeline, epoch.value},
                                [&](const auto& row) { differs = text_of(row[0]) != plan; }));
      if (differs) return Status::internal("epoch_replanned", "a committed epoch would be planned anew: " + pipeline + " epoch " + std::to_string(epoch.value));
      return db.run("INSERT INTO epochs VALUES (?,?,?,0,'') ON CONFLICT DO UPDATE SET plan=excluded.plan", {pipeline, epoch.value, plan});
    };
    LT_RETURN_IF_ERROR(write(change, durable));
    LT_FAILPOINT("ledger.plan.after");
    return {};
  }

  Status commit_epoch(const std::string& pipeline, EpochId epoch, const std::string& plan, const std::string& receipt, Durable durable) override {
    LT_FAILPOINT("ledger.committed.before");
    const Change change = [&](SqliteFile& db) -> Status {
      LT_RETURN_IF_ERROR(db.run("INSERT OR REPLACE INTO epochs VALUES (?,?,?,1,?)", {pipeline, epoch.value, plan, receipt}));
      return db.run("DELETE FROM epochs WHERE pipeline=? AND epoch<=?", {pipeline, epoch.value - kEpochsKept});
    };
    LT_RETURN_IF_ERROR(write(change, durable));
    LT_FAILPOINT("ledger.committed.after");
    return {};
  }

  Status end_line(const std::string& line, bool goes_on) override {
    return write([&](SqliteFile& db) { return db.run(goes_on ? kForgetHistory : "DELETE FROM epochs WHERE pipeline=?", {line}); });
  }

  Result<std::optional<EpochRow>> last_epoch(const std::string& pipeline) override {
    std::optional<EpochRow> last;
    LT_RETURN_IF_ERROR(read("SELECT epoch, plan, committed, receipt FROM epochs WHERE pipeline=? ORDER BY epoch DESC LIMIT 1", {pipeline},
                            [&](const auto& row) { last = epoch_row(pipeline, row); }));
    return last;
  }

  Result<std::vector<EpochRow>> committed_epochs(const std::string& pipeline, int count_max, EpochId before) override {
    std::vector<EpochRow> rows;
    LT_RETURN_IF_ERROR(read("SELECT epoch, plan, committed, receipt FROM epochs WHERE pipeline=? AND committed=1 AND epoch<? ORDER BY epoch DESC LIMIT ?",
                            {pipeline, before.value, int64_t{count_max}}, [&](const auto& row) { rows.push_back(epoch_row(pipeline, row)); }));
    return rows;
  }

  Status pin_schema(const std::string& topic, const std::string& schema) override {
    LT_FAILPOINT("ledger.schema.before");
    LT_RETURN_IF_ERROR(write([&](SqliteFile& db) { return db.run("INSERT OR REPLACE INTO schemas VALUES (?,?)", {topic, schema}); }));
    LT_FAILPOINT("ledger.schema.after");
    return {};
  }

  Result<std::optional<std::string>> pinned_schema(const std::string& topic) override {
    std::optional<std::string> schema;
    LT_RETURN_IF_ERROR(read("SELECT schema FROM schemas WHERE topic=?", {topic}, [&](const auto& row) { schema = text_of(row[0]); }));
    return schema;
  }

 private:
  Result<std::vector<JobRow>> read_jobs(const std::string& rest, std::initializer_list<SqlValue> parameters) {
    std::vector<JobRow> rows;
    LT_RETURN_IF_ERROR(read(std::string("SELECT ") + kJobColumns + " FROM jobs " + rest, parameters, [&](const auto& row) { rows.push_back(job_row(row)); }));
    return rows;
  }

  static std::optional<JobRow> first_of(std::vector<JobRow> rows) {
    if (rows.empty()) return std::nullopt;
    return std::move(rows.front());
  }

  using Change = std::function<Status(SqliteFile&)>;
  struct Waiting {
    const Change* change;
    Durable durable;
    std::optional<Status> outcome = std::nullopt;
  };

  Status read(std::string_view sql, std::initializer_list<SqlValue> parameters, const std::function<void(const std::vector<SqlValue>&)>& row) {
    const MutexLock lock(reader_mutex_);
    return reader_->run(sql, parameters, row);
  }

  /// Waits until `change` is written, and synced unless that may wait. Who finds nobody writing does it, for all that wait by then: they
  /// share one transaction and one sync. Those that come meanwhile are written by one of them.
  Status write(const Change& change, Durable durable = Durable::kNow) {
    Waiting mine{&change, durable};
    MutexLock lock(waiting_mutex_);
    waiting_.push_back(&mine);
    while (!mine.outcome) {
      if (writing_) {
        written_.wait(waiting_mutex_);
        continue;
      }
      writing_ = true;
      const std::vector<Waiting*> group = std::exchange(waiting_, {});
      lock.unlock();
      const std::vector<Status> outcomes = write_all(group);
      lock.lock();
      for (size_t i = 0; i < group.size(); ++i) group[i]->outcome = outcomes[i];
      writing_ = false;
      written_.notify_all();
    }
    return std::move(*mine.outcome);
  }

  // An exception would leave those who wait without an outcome for ever: without memory the process ends instead, as by any kill.
  std::vector<Status> write_all(const std::vector<Waiting*>& group) noexcept {
    const bool sync = std::ranges::any_of(group, [](const Waiting* one) { return one->durable == Durable::kNow; });
    std::vector<Status> outcomes;
    Status all = set_sync(sync);
    if (all.ok()) all = writer_->run("BEGIN IMMEDIATE");
    for (Waiting* one : group) outcomes.push_back(all.ok() ? apply(*one->change) : all);
    if (all.ok()) all = commit();
    if (!all.ok()) outcomes.assign(group.size(), all);
    return outcomes;
  }

  // With NORMAL a COMMIT is not synced, and the next one with FULL syncs all that stands before it in the log.
  Status set_sync(bool sync) {
    if (syncs_ == sync) return {};
    LT_RETURN_IF_ERROR(writer_->run(sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"));
    syncs_ = sync;
    return {};
  }

  Status apply(const Change& change) {
    LT_RETURN_IF_ERROR(writer_->run("SAVEPOINT one"));
    const Status outcome = change(*writer_);
    if (!outcome.ok()) LT_RETURN_IF_ERROR(writer_->run("ROLLBACK TO one"));
    LT_RETURN_IF_ERROR(writer_->run("RELEASE one"));
    return outcome;
  }

  Status commit() {
    Status outcome = before_commit();
    if (outcome.ok()) outcome = writer_->run("COMMIT");
    // After a failed COMMIT SQLite may or may not have ended the transaction; a second ROLLBACK is harmless.
    if (!outcome.ok()) (void)writer_->run("ROLLBACK").ok();
    return outcome;
  }

  static Status before_commit() {
    LT_FAILPOINT("ledger.transaction.before");
    return {};
  }

  std::unique_ptr<DirectoryLock> lock_;
  std::unique_ptr<SqliteFile> writer_;  // of the one thread that writes
  bool syncs_ = true;                   // so is this: whether the writer's commits are synced
  Mutex reader_mutex_;
  std::unique_ptr<SqliteFile> reader_ LT_PT_GUARDED_BY(reader_mutex_);
  Mutex waiting_mutex_;
  CondVar written_;
  bool writing_ LT_GUARDED_BY(waiting_mutex_) = false;
  std::vector<Waiting*> waiting_ LT_GUARDED_BY(waiting_mutex_);
};

Status check_version(SqliteFile& db) {
  int64_t version = 0;
  LT_RETURN_IF_ERROR(db.establish("PRAGMA user_version", [&](const auto& row) { version = int_of(row[0]); }));
  if (version == 0) return db.run("PRAGMA user_version=" + std::to_string(kFormatVersion));
  if (version == kFormatVersion) return {};
  return Status::user("ledger_version", "the state directory was written by another release of laketide (this one reads format " +
                                            std::to_string(kFormatVersion) + "): format " + std::to_string(version));
}

/// SQLite takes less than a page for a new file, and what stood there would be gone without a word.
Status check_size(const std::string& path) {
  constexpr std::uintmax_t kPageBytesMin = 512;
  std::error_code none;
  const auto size = std::filesystem::file_size(path, none);
  if (none || size == 0 || size >= kPageBytesMin) return {};
  return SqliteFile::damaged("it is cut to " + std::to_string(size) + " bytes: " + path);
}

/// Makes what is missing. A table that is there is as this release makes it: a name with a bit changed would be found out only by who reads it.
Status make_tables(SqliteFile& db) {
  for (const char* table : kTables) LT_RETURN_IF_ERROR(db.establish(table));
  std::set<std::string> there;
  LT_RETURN_IF_ERROR(db.establish("SELECT sql FROM sqlite_schema", [&](const auto& row) { there.insert(text_of(row[0])); }));
  static constexpr std::string_view kUnless = "IF NOT EXISTS ";
  for (std::string table : kTables) {
    table.erase(table.find(kUnless), kUnless.size());
    if (!there.contains(table)) return SqliteFile::damaged("a table is not as it is made: " + table);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(const std::string& state_dir) {
  LT_ASSIGN_OR_RETURN(auto lock, DirectoryLock::take(state_dir));
  const std::string path = state_dir + "/ledger.sqlite";
  LT_RETURN_IF_ERROR(check_size(path));
  LT_ASSIGN_OR_RETURN(auto writing, SqliteFile::open(path));
  LT_RETURN_IF_ERROR(writing->check());
  LT_RETURN_IF_ERROR(check_version(*writing));
  LT_RETURN_IF_ERROR(make_tables(*writing));
  LT_RETURN_IF_ERROR(writing->establish(kForgetAllHistory));
  LT_ASSIGN_OR_RETURN(auto reading, SqliteFile::open(path));
  return std::unique_ptr<Ledger>(std::make_unique<SqliteLedger>(std::move(lock), std::move(writing), std::move(reading)));
}

}  // namespace laketide
