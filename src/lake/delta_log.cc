#include "lake/delta_log.h"

#include <algorithm>
#include <charconv>
#include <thread>

#include "base/failpoint.h"
#include "base/log.h"
#include "laketide/version.h"
#include "lake/checkpoint_reader.h"
#include "lake/checkpoint_writer.h"
#include "lake/commit_arbiter.h"
#include "lake/log_segment.h"
#include "lake/table_features.h"
#include "storage/local_store.h"

namespace laketide::lake {

namespace {

constexpr std::chrono::milliseconds kPauseMin{2};
constexpr std::chrono::milliseconds kPauseMax{250};

Status cut_short(const std::string& table_path) {
  return Status::cancelled("there was no time left to read or write the table's log: " + table_path);
}

bool is_on(const TableState& state, const char* property, const char* feature) {
  return property_is_true(state.metadata, property) && has_writer_feature(state.protocol, feature);
}

Result<std::vector<Action>> parse_state(const std::string& text, const std::string& path) {
  std::vector<Action> actions;
  LT_RETURN_IF_ERROR(parse_commit(text, Detail::kState, [&](Action&& action) {
    actions.push_back(std::move(action));
    return Status();
  }).in(path));
  return actions;
}

std::string txn_id_of(const std::vector<Action>& actions) {
  for (const auto& action : actions) {
    if (const auto* info = std::get_if<CommitInfo>(&action)) return info->txn_id;
  }
  return {};
}

}  // namespace

DeltaLog::DeltaLog(std::shared_ptr<storage::Store> store, std::string table_path, const Clock& clock)
    : store_(std::move(store)), table_path_(std::move(table_path)), clock_(clock) {}

Status DeltaLog::refresh(const Wait& wait) {
  std::optional<int64_t> ignored;
  return follow(wait, "", ignored);
}

Status DeltaLog::load(const Wait& wait) {
  TableState state;
  LT_ASSIGN_OR_RETURN(const LogSegment segment, find_segment(*store_, table_path_));
  if (segment.checkpoint) {
    LT_RETURN_IF_ERROR(read_checkpoint(*store_, table_path_, *segment.checkpoint, Detail::kState, wait,
                                       [&](Action&& action) { return state.apply(std::move(action), -1, ""); }));
    state.version = segment.checkpoint->version;
    checkpoint_version_ = state.version;
  }
  state_ = std::move(state);
  if (segment.version() < 0) return {};
  std::optional<int64_t> ignored;
  return follow(wait, "", ignored);
}

/// Applies the versions behind the known one. `found`: the one that carries `txn_id`.
Status DeltaLog::follow(const Wait& wait, const std::string& txn_id, std::optional<int64_t>& found) {
  const int64_t known = state_.version;
  const bool fresh = known < 0;
  if (fresh) {
    // Nothing known: the log may begin with a checkpoint.
    LT_ASSIGN_OR_RETURN(const LogSegment segment, find_segment(*store_, table_path_));
    if (segment.checkpoint) return load(wait);
  }
  for (;;) {
    if (wait.over()) return cut_short(table_path_);
    const std::string path = commit_path(table_path_, state_.version + 1);
    LT_ASSIGN_OR_RETURN(const auto text, store_->get(path));
    if (!text) break;
    LT_ASSIGN_OR_RETURN(auto actions, parse_state(*text, path));
    if (!txn_id.empty() && txn_id_of(actions) == txn_id) found = state_.version + 1;
    LT_RETURN_IF_ERROR(state_.apply_commit(state_.version + 1, std::move(actions)));
  }
  if (state_.version != known || fresh) return {};
  // Nothing new: but is what we know still there? A table that was removed or replaced would else get a gap from us.
  LT_ASSIGN_OR_RETURN(const auto last, store_->stat(commit_path(table_path_, known)));
  if (last) return {};
  LT_ASSIGN_OR_RETURN(const LogSegment segment, find_segment(*store_, table_path_));
  if (segment.version() == known) return {};  // its commit was cleaned up behind a checkpoint
  return load(wait);
}

Result<std::string> DeltaLog::render(const Transaction& t, std::vector<Action>& actions) const {
  CommitInfo info;
  info.timestamp_ms = clock_.now().micros / 1000;
  if (is_on(state_, "delta.enableInCommitTimestamps", "inCommitTimestamp") ||
      is_on(state_, "delta.enableInCommitTimestamps", "inCommitTimestamp-preview")) {
    info.in_commit_timestamp_ms = std::max(*info.timestamp_ms, state_.in_commit_timestamp_ms.value_or(0) + 1);
  }
  info.operation = t.operation;
  info.operation_parameters = t.operation_parameters;
  info.operation_metrics = t.operation_metrics;
  info.blind_append = !t.read_version;
  info.read_version = t.read_version;
  info.engine_info = std::string("Laketide/") + version();
  info.txn_id = t.txn_id;
  info.user_metadata = t.user_metadata;
  actions.emplace_back(std::move(info));
  if (!state_.exists()) {
    if (!t.new_protocol || !t.new_metadata) return Status::internal("no_table", "a commit found no table: " + table_path_);
    actions.emplace_back(*t.new_protocol);
    actions.emplace_back(*t.new_metadata);
  }
  for (const auto& progress : t.progress) actions.emplace_back(progress);
  std::string text;
  for (const auto& action : actions) text += to_line(action) + '\n';
  for (const auto& remove : t.removes) text += to_line(remove) + '\n';
  for (const auto& add : t.adds) text += to_line(add) + '\n';
  return text;
}

/// One try at the next version. None: another writer has it.
Result<std::optional<CommitOutcome>> DeltaLog::attempt(const Transaction& transaction, const Wait& wait) {
  std::vector<Action> actions;
  const int64_t next = state_.version + 1;
  if (state_.exists() && !state_.in_commit_timestamp_ms) {
    // The state came out of a checkpoint, which does not hold the time of its commit.
    LT_ASSIGN_OR_RETURN(const auto last, commit_info(state_.version));
    if (last) state_.in_commit_timestamp_ms = last->in_commit_timestamp_ms.value_or(0);
  }
  LT_ASSIGN_OR_RETURN(const std::string text, render(transaction, actions));
  LT_FAILPOINT("lake.commit.before");
  auto put = store_->put_if_absent(commit_path(table_path_, next), text);
  LT_FAILPOINT("lake.commit.after");
  if (put.ok() && *put == storage::Put::kWritten) {
    LT_RETURN_IF_ERROR(state_.apply_commit(next, std::move(actions)));
    return std::optional(CommitOutcome{next, false});
  }
  if (!put.ok()) {
    // The outcome is unknown: what stands there decides.
    const auto there = store_->get(commit_path(table_path_, next));
    if (!there.ok() || !*there) return put.status();
  }
  std::optional<int64_t> found;
  LT_RETURN_IF_ERROR(follow(wait, transaction.txn_id, found));
  if (!found) return std::optional<CommitOutcome>();
  LT_RETURN_IF_ERROR(store_->sync_dir(log_directory(table_path_)));
  return std::optional(CommitOutcome{*found, false});
}

/// Two writers that keep undoing each other's work part company by chance.
void DeltaLog::pause_after(int lost, const Wait& wait) {
  const auto longest = std::min(kPauseMin * (1 << std::min(lost, 10)), kPauseMax);
  std::uniform_int_distribution<int64_t> pause(0, longest.count());
  std::this_thread::sleep_for(wait.left(std::chrono::milliseconds(pause(random_))));
}

Result<CommitOutcome> DeltaLog::commit(const Transaction& transaction, const Check& check, const Wait& wait) {
  std::optional<CommitOutcome> outcome;
  {
    LT_ASSIGN_OR_RETURN(const CommitTurn turn, CommitTurn::take(table_path_, wait));
    for (int lost = 0; !outcome; ++lost) {
      if (lost > 0) pause_after(lost, wait);
      std::optional<int64_t> found;
      LT_RETURN_IF_ERROR(follow(wait, transaction.txn_id, found));
      if (found) {
        // An earlier attempt that seemed to fail. It is visible; make sure that it also stays.
        LT_RETURN_IF_ERROR(store_->sync_dir(log_directory(table_path_)));
        return CommitOutcome{*found, false};
      }
      if (wait.over()) return cut_short(table_path_);
      if (state_.exists()) LT_RETURN_IF_ERROR(check_appendable(state_.protocol, state_.metadata, *state_.schema));
      LT_ASSIGN_OR_RETURN(const Verdict verdict, check(state_));
      if (verdict == Verdict::kSkip) {
        LT_RETURN_IF_ERROR(store_->sync_dir(log_directory(table_path_)));
        return CommitOutcome{state_.version, true};
      }
      LT_ASSIGN_OR_RETURN(outcome, attempt(transaction, wait));
    }
  }
  write_checkpoint_if_due(wait);
  return *outcome;
}

void DeltaLog::write_checkpoint_if_due(const Wait& wait) {
  const int64_t interval = checkpoint_interval(state_, checkpoint_actions_);
  if (state_.version - checkpoint_version_ < interval) return;
  if (const auto last = read_last_checkpoint(*store_, table_path_); last && last->version > checkpoint_version_) {
    checkpoint_version_ = last->version;  // another writer's
    checkpoint_actions_ = last->actions;
    if (state_.version - checkpoint_version_ < interval) return;
  }
  const auto written = write_checkpoint(*store_, table_path_, state_, clock_.now(), wait);
  if (!written.ok()) {
    // The commit stands; only reading it takes longer until the next one succeeds.
    log::warn("a checkpoint could not be written; it is tried again at the next commit",
              {{"table", table_path_}, {"version", state_.version}, {"reason", written.status().to_string()}});
    return;
  }
  checkpoint_version_ = state_.version;
  checkpoint_actions_ = *written;
}

Status DeltaLog::remove_leftovers() {
  const std::string directory = log_directory(table_path_);
  LT_ASSIGN_OR_RETURN(const auto entries, store_->list(directory));
  for (const auto& entry : entries) {
    if (!storage::is_temporary_name(entry.name)) continue;
    // `.<version, 20 digits>.json.<uuid>.tmp`, and likewise of checkpoints: one that is still being written by somebody is
    // written anew, or was only a hint.
    int64_t version = -1;
    const char* begin = entry.name.data() + 1;
    const auto [end, error] = std::from_chars(begin, begin + 20, version);
    const bool numbered = error == std::errc() && end == begin + 20;
    if (numbered ? version > state_.version : !entry.name.starts_with("._last_checkpoint.")) continue;
    LT_RETURN_IF_ERROR(store_->remove(storage::join(directory, entry.name)));
  }
  return {};
}

Result<std::optional<CommitInfo>> DeltaLog::commit_info(int64_t version) {
  LT_ASSIGN_OR_RETURN(const auto text, store_->get(commit_path(table_path_, version)));
  std::optional<CommitInfo> info;
  if (!text) return info;
  LT_ASSIGN_OR_RETURN(auto actions, parse_state(*text, commit_path(table_path_, version)));
  for (auto& action : actions) {
    if (auto* found = std::get_if<CommitInfo>(&action)) info = std::move(*found);
  }
  return info;
}

Result<std::optional<StandingCommit>> DeltaLog::read_commit(int64_t version) {
  LT_ASSIGN_OR_RETURN(const auto text, store_->get(commit_path(table_path_, version)));
  if (!text) return std::optional<StandingCommit>();
  StandingCommit commit;
  LT_RETURN_IF_ERROR(parse_commit(*text, Detail::kFiles, [&](Action&& action) {
    if (const auto* add = std::get_if<AddFile>(&action)) commit.added.insert(add->path);
    if (const auto* txn = std::get_if<SetTransaction>(&action)) commit.progress[txn->app_id] = txn->version;
    return Status();
  }).in(commit_path(table_path_, version)));
  return std::optional(std::move(commit));
}

Result<std::optional<int64_t>> DeltaLog::find_commit(const std::string& app_id, int64_t value, int64_t from,
                                                     const Wait& wait) {
  for (int64_t version = from; version >= 0; --version) {
    if (wait.over()) return cut_short(table_path_);
    LT_ASSIGN_OR_RETURN(const auto text, store_->get(commit_path(table_path_, version)));
    if (!text) break;
    if (text->find(app_id) == std::string::npos) continue;
    LT_ASSIGN_OR_RETURN(const auto actions, parse_state(*text, commit_path(table_path_, version)));
    for (const auto& action : actions) {
      const auto* txn = std::get_if<SetTransaction>(&action);
      if (txn && txn->app_id == app_id && txn->version == value) return std::optional(version);
    }
  }
  return std::optional<int64_t>();
}

}  // namespace laketide::lake
