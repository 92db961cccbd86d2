#include "sinks/postgres/session.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/mutex.h"
#include "flow/change_column.h"
#include "flow/key_columns.h"
#include "sinks/postgres/apply_staged.h"
#include "sinks/postgres/chunk_loader.h"
#include "sinks/postgres/chunk_queue.h"
#include "sinks/postgres/connection.h"
#include "sinks/postgres/copy_metrics.h"
#include "sinks/postgres/progress.h"
#include "sinks/postgres/quarantine.h"
#include "sinks/postgres/target.h"
#include "sinks/postgres/writer.h"

namespace laketide::postgres {
namespace {

constexpr size_t kChunkBytes = 1 << 20;
constexpr size_t kCopyBytes = 8 << 20;  // chunks that go under one savepoint, while as many fill again; 64 of those fit the server's cache of them

// Held by every writer that is alive.
struct Lease {
  StopSource over;
  ~Lease() { over.request_stop(); }
};

class LibpqSession final : public Session, public std::enable_shared_from_this<LibpqSession> {
 public:
  LibpqSession(PostgresSinkOptions options, std::vector<TableName> names)
      : options_(std::move(options)),
        progress_(options_.schema, options_.pipeline),
        quarantine_(options_),
        queue_(std::make_shared<ChunkQueue>(options_.queue_bytes_max)),
        stop_(stop_source_.token()) {
    for (size_t at = 0; at < names.size(); ++at) {
      Target target;
      target.spec = options_.targets[at];
      target.name = std::move(names[at]);
      targets_.push_back(std::move(target));
      own_names_.push_back(application_name(options_.pipeline, options_.targets[at].id));
      lock_order_.push_back(at);
    }
    tables_.resize(names.size());
    std::sort(lock_order_.begin(), lock_order_.end(),
              [&](size_t left, size_t right) { return options_.targets[left].id < options_.targets[right].id; });
  }

  Result<Progress> claim(size_t target, const Wait& wait) override {
    Busy busy(*this);
    LT_FAILPOINT("postgres.claim.before");
    run_over_ = wait.stop;
    reset();
    LT_RETURN_IF_ERROR(connect(wait));
    LT_RETURN_IF_ERROR(progress_.create(*connection_, wait));
    Target& claimed = targets_[target];
    LT_ASSIGN_OR_RETURN(auto progress, progress_.claim(*connection_, claimed.spec.id, own_names_, options_.lock_timeout, wait));
    LT_FAILPOINT("postgres.claim.after");
    claimed.claimed = true;
    claimed.generation = progress.generation;
    claimed.epoch = progress.epoch;
    claimed.next = progress.next;
    claimed.last = {};
    return progress;
  }

  Status bind(size_t target, const Schema& schema, const Wait& wait) override {
    Busy busy(*this);
    if (open_ || unknown_) return Status::internal("bad_order", "bind was called in the middle of an epoch");
    LT_RETURN_IF_ERROR(connect(wait));
    Target& bound = targets_[target];
    LT_RETURN_IF_ERROR(connection_->run("SET lock_timeout = " + std::to_string(options_.lock_timeout.count()), wait));
    bound.spec.key = options_.targets[target].key;
    if (bound.spec.mode == PostgresTarget::Mode::kUpsert && bound.spec.key.empty()) bound.spec.key = key_columns_of(*schema);
    auto table = bind_table(*connection_, bound.spec, bound.name, schema, wait);
    if (!table.ok()) return table.status().in("sink " + bound.spec.id);
    staged_connection_.erase(target);
    const MutexLock lock(tables_mutex_);
    bound.table = *std::move(table);
    tables_[target] = bound.table;
    bound.staging.reset();
    if (bound.table->staged) bound.staging.emplace(bound.spec, bound.table, target);
    bound.copy_sql = bound.staging ? bound.staging->copy_sql()
                                   : "COPY " + bound.name.quoted() + " (" + quote_identifiers(bound.table->column_names()) +
                                         ") FROM STDIN (FORMAT binary)";
    return {};
  }

  Result<std::optional<Instant>> largest(size_t target, const std::string& column, const Wait& wait) override {
    Busy busy(*this);
    if (open_ || unknown_) return Status::internal("bad_order", "the largest value was asked for in the middle of an epoch");
    LT_RETURN_IF_ERROR(connect(wait));
    return largest_in(*connection_, targets_[target].name, column, wait);
  }

  Result<std::unique_ptr<Writer>> open(size_t target, Context& context) override {
    std::shared_ptr<const BoundTable> table;
    {
      const MutexLock lock(tables_mutex_);
      table = tables_[target];
    }
    if (!table) return Status::internal("bad_order", "a writer was opened before the sink was bound");
    metrics_.open(target, options_.targets[target].id, context);
    const auto lease = take_lease();
    LT_ASSIGN_OR_RETURN(auto encoder,
                        make_row_encoder(table, table->key, options_.source, options_.topic, context.lane));
    const size_t chunk_bytes = std::clamp<size_t>(options_.queue_bytes_max / 8, 1, kChunkBytes);
    WriterPlace place{queue_, target, chunk_bytes,
                      [weak = weak_from_this(), lease] {
                        if (auto session = weak.lock()) session->schedule();
                      },
                      {}};
    place.check = [id = options_.targets[target].id, mode = options_.targets[target].mode](const arrow::RecordBatch& rows) -> Status {
      if (mode == PostgresTarget::Mode::kUpsert) return {};
      return mode == PostgresTarget::Mode::kAppend ? check_only_inserts(rows, id) : check_no_deletes(rows, id);
    };
    return make_writer(std::move(place), std::move(encoder), context);
  }

  Status prepare(size_t, const EpochPlan& plan, const Wait& wait) override {
    Busy busy(*this);
    if (prepared_ == plan.epoch) return {};
    if (prepared_ || unknown_) return Status::internal("bad_order", "an epoch was prepared before the one before it was committed");
    LT_RETURN_IF_ERROR(queue_->failure());
    Status prepared = prepare_all(plan, wait);
    if (!prepared.ok()) give_up(prepared);
    return prepared;
  }

  Result<Commit> commit(size_t target, const EpochPlan& plan, const Wait& wait) override {
    Busy busy(*this);
    const Target& asked = targets_[target];
    if (unknown_ == plan.epoch) LT_RETURN_IF_ERROR(read_back(plan, wait));
    if (asked.epoch && *asked.epoch >= plan.epoch) return *asked.epoch == plan.epoch ? asked.last : Commit{};
    if (prepared_ != plan.epoch) {
      LT_RETURN_IF_ERROR(queue_->failure());
      return Status::internal("bad_order", "an epoch was committed that is not prepared: " + std::to_string(plan.epoch.value));
    }
    const auto began = std::chrono::steady_clock::now();
    LT_RETURN_IF_ERROR(commit_all(plan, wait));
    metrics_.committed(std::chrono::steady_clock::now() - began);
    return asked.last;
  }

  Status abandon(EpochId epoch, const Wait&) override {
    Busy busy(*this);
    queue_->drop(epoch);
    if ((prepared_ && *prepared_ < epoch) || (unknown_ && *unknown_ < epoch)) return {};
    reset();
    return {};
  }

  void stop() override { stop_source_.request_stop(); }

 private:
  // Holds the session for one call. What came in while it was held is taken up when it ends.
  class LT_THREAD_ATTRIBUTE(scoped_lockable) Busy {
   public:
    explicit Busy(LibpqSession& session) LT_ACQUIRE(session.mutex_) : session_(session) { session_.mutex_.lock(); }
    ~Busy() LT_RELEASE() {
      session_.mutex_.unlock();
      if (session_.queue_->has_work()) session_.schedule();
    }

   private:
    LibpqSession& session_;
  };

  // The first writer after a time without any begins anew: what is left of those that ended no epoch belongs to nobody.
  std::shared_ptr<Lease> take_lease() {
    const MutexLock lock(tables_mutex_);
    auto lease = lease_.lock();
    if (!lease) {
      lease = std::make_shared<Lease>();
      lease_ = lease;
      queue_->drop(std::nullopt);
      queue_->forgive();
      leftovers_.store(true);
    }
    return lease;
  }

  // Fires when the last writer is gone: nobody waits for rows any more that are copied ahead of their epoch's end.
  StopToken writers_gone() {
    const MutexLock lock(tables_mutex_);
    const auto lease = lease_.lock();
    return lease ? lease->over.token() : stop_;
  }

  void drop_leftovers() LT_REQUIRES(mutex_) {
    if (leftovers_.exchange(false) && open_ && !prepared_) roll_back();
  }

  void schedule() {
    if (!options_.post || stop_.stop_requested() || scheduled_.exchange(true)) return;
    options_.post([weak = weak_from_this()] {
      if (auto session = weak.lock()) session->drain();
    });
  }

  // One group of chunks, then back to the actor's queue: a prepare may wait there.
  void drain() {
    scheduled_.store(false);
    {
      if (!mutex_.try_lock()) return;
      const MutexLock lock(mutex_, std::adopt_lock);
      if (stop_.stop_requested()) return;
      const StopToken gone = writers_gone();
      const auto chunks = queue_->take(kCopyBytes);
      if (chunks.empty()) return;
      const Status loaded = load(chunks, nullptr, Wait::for_at_most(options_.statement_timeout, gone));
      if (!loaded.ok() && gone.stop_requested()) roll_back();
      if (!loaded.ok() && !gone.stop_requested()) give_up(loaded);
      queue_->release(chunks);
    }
    if (queue_->has_work()) schedule();
  }

  Status connect(const Wait& wait) LT_REQUIRES(mutex_) {
    if (connection_ && connection_->usable()) return {};
    connection_.reset();
    staged_connection_.clear();
    LT_ASSIGN_OR_RETURN(connection_,
                        Connection::open({options_.url, own_names_.front(), options_.connect_timeout, run_over_}, wait));
    return {};
  }

  // Everything as after a commit or before the first epoch; what the server has of the open transaction is rolled back.
  void reset() LT_REQUIRES(mutex_) {
    roll_back();
    unknown_.reset();
    queue_->drop(std::nullopt);
    queue_->reopen();
  }

  void roll_back() LT_REQUIRES(mutex_) {
    if ((open_ || unknown_) && connection_) {
      Status rolled_back;
      if (connection_->usable()) rolled_back = connection_->run("ROLLBACK", Wait::for_at_most(options_.connect_timeout, stop_));
      if (!rolled_back.ok()) connection_.reset();
    }
    clear_epoch();
  }

  void clear_epoch() LT_REQUIRES(mutex_) {
    open_ = advanced_ = false;
    prepared_.reset();
    quarantine_.forget();
    for (Target& target : targets_) target.clear_epoch();
  }

  // The open epoch is lost: its rows are partly on the server and nowhere else.
  void give_up(const Status& cause) LT_REQUIRES(mutex_) {
    if (cause.retryable()) connection_.reset();
    roll_back();
    queue_->fail(cause);
  }

  // The first question of a transaction: what is to stand before everything else in it, and where the rows go that it answers.
  using FirstQuestion = std::function<Status(const std::string& opening, Rows& answers)>;

  Status begin(const EpochPlan* closing, const Wait& wait) LT_REQUIRES(mutex_) {
    drop_leftovers();
    if (open_) return {};
    return begin(closing, wait, [&](const std::string& opening, Rows& answers) LT_REQUIRES(mutex_) {
      return connection_->ask(opening, answers, wait);
    });
  }

  // `closing`: all that the epoch still needs goes by this question, so it puts the progress forward, too.
  Status begin(const EpochPlan* closing, const Wait& wait, const FirstQuestion& ask) LT_REQUIRES(mutex_) {
    const bool used = connection_ != nullptr;
    Status begun = begin_once(closing, wait, ask);
    // The server may have gone while nothing was to do; nothing is lost with a connection that has no epoch.
    if (begun.ok() || !used || begun.is_cancelled() || (connection_ && connection_->usable())) return begun;
    open_ = false;
    connection_.reset();
    return begin_once(closing, wait, ask);
  }

  Status begin_once(const EpochPlan* closing, const Wait& wait, const FirstQuestion& ask) LT_REQUIRES(mutex_) {
    LT_RETURN_IF_ERROR(connect(wait));
    for (size_t at = 0; at < targets_.size(); ++at) {
      if (!targets_[at].staging || staged_connection_.contains(at)) continue;
      LT_RETURN_IF_ERROR(targets_[at].staging->create(*connection_, wait));
      staged_connection_.insert(at);
    }
    open_ = true;
    const std::string opening = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = " + std::to_string(options_.lock_timeout.count()) +
                                "; SET LOCAL statement_timeout = " + std::to_string(options_.statement_timeout.count()) + "; ";
    const Advance advance = closing == nullptr ? Advance() : advance_to(*closing);
    Rows answers;
    LT_RETURN_IF_ERROR(ask(opening + (advance.sinks > 0 ? advance.sql : locks()), answers));
    return advance.sinks > 0 ? advanced(advance, answers, wait) : check(answers);
  }

  std::string locks() const LT_REQUIRES(mutex_) {
    std::string sql;
    for (const size_t at : lock_order_) {
      if (targets_[at].claimed) sql += progress_.lock(targets_[at].spec.id) + "; ";
    }
    return sql;
  }

  // What `locks` answered.
  Status check(const Rows& answers) const LT_REQUIRES(mutex_) {
    for (const size_t at : lock_order_) {
      if (targets_[at].claimed) LT_RETURN_IF_ERROR(check(targets_[at], answers));
    }
    return {};
  }

  Status check(const Target& target, const Rows& rows) const LT_REQUIRES(mutex_) {
    LT_ASSIGN_OR_RETURN(const ProgressRow row, progress_.locked(rows, target.spec.id));
    if (row.generation > target.generation) return fenced(target, row.generation);
    if (row.generation == target.generation && row.epoch == target.epoch) return {};
    return Status::external("progress_changed",
                            "the progress of this sink is not what it was (another server, a backup, or changed by hand); claim it "
                            "again: " + target.spec.id);
  }

  Status fenced(const Target& target, Generation found) const {
    return Status::fenced("another process owns sink " + target.spec.id + " now: generation " + std::to_string(found.value) +
                          ", ours is " + std::to_string(target.generation.value));
  }

  // `closing`: these are all rows that its epoch still has; of use where they open the transaction.
  Status load(const std::vector<Chunk>& chunks, const EpochPlan* closing, const Wait& wait) LT_REQUIRES(mutex_) {
    Target& target = targets_[chunks.front().target];
    if (!target.claimed) return Status::internal("bad_order", "rows came for a sink that was not claimed: " + target.spec.id);
    drop_leftovers();
    const bool opens = !open_ && target.spec.mode != PostgresTarget::Mode::kOverwrite && std::ranges::any_of(chunks, [](const Chunk& chunk) { return chunk.rows() > 0; });
    if (!opens) LT_RETURN_IF_ERROR(begin(nullptr, wait));
    LT_RETURN_IF_ERROR(empty(target, wait));
    int64_t rows = 0;
    std::vector<RefusedRow> refused;
    size_t bytes = 0;
    for (const Chunk& chunk : chunks) bytes += chunk.bytes.size();
    const auto began = std::chrono::steady_clock::now();
    const auto copy = [&](const std::string& opening, Rows& answers) LT_REQUIRES(mutex_) -> Status {
      rows = 0;
      refused.clear();
      LT_RETURN_IF_ERROR(hit_copy_failpoint());
      return load_chunks(*connection_, opening, target.copy_sql, chunks, wait, answers, rows, refused);
    };
    Rows none;
    const Status copied = opens ? begin(closing, wait, copy) : copy("", none);
    metrics_.copied(chunks.front().target, rows, bytes, std::chrono::steady_clock::now() - began);
    if (!copied.ok()) return copied.in("copying into " + target.name.plain());
    if (!target.staging) target.rows += rows;
    for (const Chunk& chunk : chunks) {
      target.null_keys += chunk.null_keys;
      target.deletes += chunk.deletes;
    }
    return quarantine(target, std::move(refused), wait);
  }

  // Overwrite: before the first row of the epoch, or when it is prepared without any.
  Status empty(Target& target, const Wait& wait) LT_REQUIRES(mutex_) {
    if (target.spec.mode != PostgresTarget::Mode::kOverwrite || std::exchange(target.emptied, true)) return {};
    const Status emptied = connection_->run("DELETE FROM " + target.name.quoted(), wait);
    if (emptied.ok() || !connection_->usable() || !connection_->last_error().is_data()) return emptied;
    return Status::user("overwrite_refused", "the table cannot be emptied, which mode: overwrite does with each epoch; upsert with a key, or drop what refers "
                                             "to its rows: " + target.name.plain() + ": " + connection_->last_error().text());
  }

  Status hit_copy_failpoint() LT_REQUIRES(mutex_) {
    static Failpoint point("postgres.copy");
    if (point.hit("cut")) connection_->cut();
    return point.hit();
  }

  Status quarantine(Target& target, std::vector<RefusedRow> refused, const Wait& wait) LT_REQUIRES(mutex_) {
    target.quarantined += static_cast<int64_t>(refused.size());
    return quarantine_.add(*connection_, std::move(refused), wait);
  }

  Status prepare_all(const EpochPlan& plan, const Wait& wait) LT_REQUIRES(mutex_) {
    LT_FAILPOINT("postgres.prepare.before");
    queue_->open_through(plan.epoch);
    const bool plain = is_plain(plan);
    for (auto chunks = queue_->take(kCopyBytes); !chunks.empty(); chunks = queue_->take(kCopyBytes)) {
      const Status loaded = load(chunks, plain && !queue_->has_work() ? &plan : nullptr, wait);
      queue_->release(chunks);
      LT_RETURN_IF_ERROR(loaded);
    }
    LT_ASSIGN_OR_RETURN(const bool wanted, is_wanted(plan));
    if (!wanted) {
      roll_back();
      queue_->advance(after(plan.epoch));
      return {};
    }
    LT_RETURN_IF_ERROR(begin(plain ? &plan : nullptr, wait));
    for (Target& target : targets_) {
      if (target.takes_part(plan)) LT_RETURN_IF_ERROR(empty(target, wait));
    }
    LT_RETURN_IF_ERROR(apply_staged(*connection_, targets_, wait));
    for (Target& target : targets_) LT_RETURN_IF_ERROR(quarantine(target, std::exchange(target.refused, {}), wait));
    LT_RETURN_IF_ERROR(quarantine_.finish(*connection_, plan.epoch, wait));
    LT_RETURN_IF_ERROR(advance_progress(plan, wait));
    queue_->hold();
    prepared_ = plan.epoch;
    LT_FAILPOINT("postgres.prepare.after");
    return {};
  }

  // False: every sink has the epoch already. Some having it and some not is fine as long as those got no rows.
  Result<bool> is_wanted(const EpochPlan& plan) const LT_REQUIRES(mutex_) {
    bool wanted = false;
    const Target* repeated = nullptr;
    for (const Target& target : targets_) {
      if (!target.claimed) continue;
      const bool takes = target.takes_part(plan);
      wanted = wanted || takes;
      if (!takes && target.rows + target.quarantined + target.null_keys > 0) repeated = &target;
    }
    if (wanted && repeated != nullptr) {
      return Status::internal("epoch_repeated", "rows of an epoch came to a sink that has no part in it or has it already, beside one that lacks it: " + repeated->spec.id);
    }
    return wanted;
  }

  // Whether rows need nothing but to be copied, so that one question can open the transaction, put the progress forward and copy; there is
  // nothing left to check behind it.
  bool is_plain(const EpochPlan& plan) const LT_REQUIRES(mutex_) {
    return std::ranges::all_of(targets_, [&](const Target& target) {
      const bool appends = target.spec.mode == PostgresTarget::Mode::kAppend;
      return !target.claimed || (target.takes_part(plan) && appends && target.table && target.table->settled_by_copy);
    });
  }

  // With it, in one question, everything is checked that the server would check at COMMIT.
  Status advance_progress(const EpochPlan& plan, const Wait& wait) LT_REQUIRES(mutex_) {
    if (advanced_) return {};
    const Advance advance = advance_to(plan);
    Rows answers;
    const Status checked = connection_->ask(advance.sql + "SET CONSTRAINTS ALL IMMEDIATE", answers, wait);
    if (!checked.ok() && (answers.size() < advance.sinks || !connection_->last_error().is_data())) return checked;
    if (!checked.ok()) {
      return Status::user("deferred_constraint", "a deferred constraint refuses the epoch and no row can be named; make it NOT "
                                                 "DEFERRABLE: " + connection_->last_error().text());
    }
    return advanced(advance, answers, wait);
  }

  // Statements, and how many sinks answer them with the transaction's id.
  struct Advance {
    std::string sql;
    size_t sinks = 0;
  };

  Advance advance_to(const EpochPlan& plan) const LT_REQUIRES(mutex_) {
    Advance advance;
    if (LT_SEEDED_BUG("postgres.prepare.before", "skip_progress")) return advance;
    for (const size_t at : lock_order_) {
      const Target& target = targets_[at];
      if (!target.takes_part(plan)) continue;
      advance.sql += progress_.advance(target.spec.id, {target.generation, target.epoch}, plan, target.next_after(plan)) + "; ";
      ++advance.sinks;
    }
    return advance;
  }

  // Their answers are the last ones. A row that is not what we know of it is not put forward; locking it tells why.
  Status advanced(const Advance& advance, const Rows& answers, const Wait& wait) LT_REQUIRES(mutex_) {
    const auto told = std::ranges::count_if(answers, [](const auto& row) { return row.size() == 1; });
    if (static_cast<size_t>(told) < advance.sinks) {
      Rows found;
      LT_RETURN_IF_ERROR(connection_->ask(locks(), found, wait));
      LT_RETURN_IF_ERROR(check(found));
      return Status::internal("progress_lost", "a progress row was not there to update: " + options_.pipeline);
    }
    if (advance.sinks > 0) transaction_ = answers.back().at(0).value_or("");
    advanced_ = true;
    return {};
  }

  Status commit_all(const EpochPlan& plan, const Wait& wait) LT_REQUIRES(mutex_) {
    LT_FAILPOINT("postgres.commit.before");
    static Failpoint sent("postgres.commit.sent");
    unknown_ = plan.epoch;
    if (sent.hit("lose")) connection_->cut();  // the server never hears of it
    Status outcome = connection_->send("COMMIT", wait);
    if (sent.hit("cut")) connection_->cut();  // its answer does not come back
    if (outcome.ok()) outcome = sent.hit();
    if (outcome.ok()) outcome = connection_->receive(wait);
    if (outcome.ok() && connection_->tag() == "COMMIT") {
      committed(plan);
      LT_FAILPOINT("postgres.commit.after");
      return {};
    }
    const std::string& state = connection_->last_error().sqlstate;
    if (connection_->usable() && !outcome.is_cancelled() && outcome.code() != "failpoint" && state != "40003") {
      unknown_.reset();  // the server said no
      if (outcome.ok()) outcome = Status::internal("postgres_protocol", "the server rolled back at COMMIT");
      give_up(outcome);
      return outcome;
    }
    log::warn("the outcome of a PostgreSQL commit is unknown, it is read back",
              {{"pipeline", options_.pipeline}, {"epoch", plan.epoch.value}});
    connection_.reset();
    if (outcome.is_cancelled() || outcome.code() == "failpoint") return outcome;
    return read_back(plan, wait);
  }

  void committed(const EpochPlan& plan) LT_REQUIRES(mutex_) {
    unknown_.reset();
    for (Target& target : targets_) {
      if (!target.takes_part(plan)) continue;
      target.next = target.next_after(plan);
      target.epoch = plan.epoch;
      target.last = {transaction_, target.rows, target.quarantined};
    }
    clear_epoch();
    queue_->advance(after(plan.epoch));
  }

  // The old backend may still be busy with the COMMIT; its lock on the row ends when it is through with it.
  Status read_back(const EpochPlan& plan, const Wait& wait) LT_REQUIRES(mutex_) {
    connection_.reset();
    LT_RETURN_IF_ERROR(connect(wait));
    bool there = true;
    for (const size_t at : lock_order_) {
      const Target& target = targets_[at];
      if (!target.takes_part(plan)) continue;
      LT_ASSIGN_OR_RETURN(const ProgressRow row, progress_.read(*connection_, target.spec.id, own_names_, options_.lock_timeout, wait));
      if (row.generation > target.generation) {
        unknown_.reset();
        give_up(fenced(target, row.generation));
        return fenced(target, row.generation);
      }
      there = there && row.epoch && *row.epoch >= plan.epoch;
    }
    if (there) {
      committed(plan);
      return {};
    }
    const Status lost = Status::external("epoch_lost", "the connection broke in COMMIT and the epoch is not in PostgreSQL; run it again: " +
                                                           std::to_string(plan.epoch.value));
    unknown_.reset();
    give_up(lost);
    return lost;
  }

  const PostgresSinkOptions options_;
  const ProgressTable progress_;
  Quarantine quarantine_;
  const std::shared_ptr<ChunkQueue> queue_;
  StopSource stop_source_;
  const StopToken stop_;
  std::vector<std::string> own_names_;
  std::vector<size_t> lock_order_;  // by id: two owners lock in the same order
  std::atomic<bool> scheduled_{false};

  std::atomic<bool> leftovers_{false};
  CopyMetrics metrics_;

  Mutex tables_mutex_;  // what is opened while an epoch holds the session; taken last
  std::vector<std::shared_ptr<const BoundTable>> tables_ LT_GUARDED_BY(tables_mutex_);  // by target
  std::weak_ptr<Lease> lease_ LT_GUARDED_BY(tables_mutex_);
  Mutex mutex_;  // held for the length of a call
  std::vector<Target> targets_ LT_GUARDED_BY(mutex_);
  std::unique_ptr<Connection> connection_ LT_GUARDED_BY(mutex_);
  std::set<size_t> staged_connection_ LT_GUARDED_BY(mutex_);  // targets whose temporary tables this connection has
  // The run that claimed is told to stop at once. Rows that are copied ahead must hear of it themselves: a prepare may be waiting for
  // them to be done with the session, and with it all that could tell their writers to go.
  StopToken run_over_ LT_GUARDED_BY(mutex_);
  bool open_ LT_GUARDED_BY(mutex_) = false;
  bool advanced_ LT_GUARDED_BY(mutex_) = false;  // the progress rows say, in the open transaction, that its epoch is there
  std::optional<EpochId> prepared_ LT_GUARDED_BY(mutex_);
  std::optional<EpochId> unknown_ LT_GUARDED_BY(mutex_);
  std::string transaction_ LT_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<Session> make_session(PostgresSinkOptions options, std::vector<TableName> names) {
  return std::make_shared<LibpqSession>(std::move(options), std::move(names));
}

}  // namespace laketide::postgres
