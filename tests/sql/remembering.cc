#include "sql/remembering.h"

#include <algorithm>
#include <map>
#include <optional>

#include <arrow/array/array_primitive.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "flow/chain.h"
#include "flow/change.h"
#include "sql/collect.h"
#include "state/state_store.h"

namespace laketide {
namespace {

using state::SavedTable;

/// What was saved of one table with one epoch. Immutable.
struct Saved {
  std::vector<state::Rows> rows, removed;
  bool whole = false;
};
using SavedTables = std::map<std::string, std::vector<Saved>>;  // a table's changes, oldest first

Status collect_rows(SavedTable& table, Result<state::Rows> (SavedTable::*next)(), std::vector<state::Rows>& into) {
  for (;;) {
    LT_ASSIGN_OR_RETURN(state::Rows rows, (table.*next)());
    if (!rows) return {};
    into.push_back(std::move(rows));
  }
}

/// One life of a query's operators. Confined to its task.
class Life {
 public:
  Life(const sql::BoundQuery& bound, const sql::Decoded& decoded, OutputMode mode, int lanes, const std::vector<TableRows>& tables) {
    context_.memory = arrow::default_memory_pool();
    context_.labels = {{"pipeline", "queries"}};
    const auto entries = sql::entries_of(*bound.memory);
    partial_.resize(entries.size());
    publish(tables, board_, context_);
    for (int i = 0; i < lanes; ++i) {
      for (const sql::Entry& entry : entries) {
        std::vector<Batch>& partial = partial_[&entry - entries.data()];
        lanes_.push_back(std::make_unique<Chain>(must(sql::make_head(entry, "", decoded, sql::LateCounting::kByPartition, context_)), std::make_unique<Collect>(partial)));
      }
    }
    auto tail = must(sql::make_tail(*bound.memory, mode, context_, tables_));
    for (auto& above : must(bound.operators(decoded, context_))) tail.push_back(std::move(above));
    tail_ = std::make_unique<Chain>(std::move(tail), std::make_unique<Collect>(out_));
  }

  void open(const EpochInfo& epoch) {
    context_.epoch = epoch.id;
    context_.now = epoch.now;
  }

  Status feed(const Batch& batch, size_t lane) {
    const size_t ports = partial_.size(), first = lane % (lanes_.size() / ports) * ports;
    for (size_t i = first; i < first + ports; ++i) LT_RETURN_IF_ERROR(lanes_[i]->feed(batch, rejects_).status());
    return {};
  }

  /// The rows that the epoch gives.
  Result<std::vector<Batch>> end_epoch(const EpochInfo& epoch) {
    for (auto& lane : lanes_) LT_RETURN_IF_ERROR(end(*lane, epoch));
    for (size_t port = 0; port < partial_.size(); ++port) {
      for (const Batch& batch : partial_[port]) LT_RETURN_IF_ERROR(tail_->feed(batch, rejects_, static_cast<Port>(port)).status());
      partial_[port].clear();
    }
    LT_RETURN_IF_ERROR(end(*tail_, epoch));
    return std::exchange(out_, {});
  }

  Status save(SavedTables& saved, bool whole) {
    for (const auto& [name, table] : tables_.all()) {
      Saved& now = saved[name].emplace_back();
      now.whole = whole;
      LT_RETURN_IF_ERROR(collect_rows(*table, whole ? &SavedTable::all : &SavedTable::changed, now.rows));
      if (!whole) LT_RETURN_IF_ERROR(collect_rows(*table, &SavedTable::removed, now.removed));
    }
    return {};
  }

  Status restore(const SavedTables& saved) {
    for (const auto& [name, table] : tables_.all()) {
      const auto changes = saved.find(name);
      if (changes == saved.end()) continue;
      auto from = std::find_if(changes->second.rbegin(), changes->second.rend(), [](const Saved& one) { return one.whole; });
      for (auto at = from == changes->second.rend() ? changes->second.begin() : from.base() - 1; at != changes->second.end(); ++at) {
        for (const auto& rows : at->rows) LT_RETURN_IF_ERROR(table->restore(rows));
        for (const auto& keys : at->removed) LT_RETURN_IF_ERROR(table->restore_removed(keys));
      }
    }
    return {};
  }

  std::vector<Reject> rejects() { return rejects_.take(); }
  int64_t late_rows() {
    int64_t sum = 0;
    for (const auto& [place, rows] : std::exchange(context_.late_rows, {})) sum += rows;
    return sum;
  }

 private:
  Status end(Chain& chain, const EpochInfo& epoch) {
    std::unique_ptr<Staged> staged;
    Step step = Step::kMore;
    while (step != Step::kDone) {
      LT_ASSIGN_OR_RETURN(step, chain.end_epoch(epoch, staged, rejects_));
    }
    return {};
  }

  StaticTables board_;
  Context context_;
  state::StateTables tables_;
  std::vector<std::vector<Batch>> partial_;  // by port
  std::vector<Batch> out_;
  std::vector<std::unique_ptr<Chain>> lanes_;  // a chain for each port of the first lane, then of the second, …
  std::unique_ptr<Chain> tail_;
  Rejects rejects_;
};

/// The rows of a result as sinks would have them. Confined to its task.
class ResultTable {
 public:
  ResultTable(const sql::BoundQuery& bound, OutputMode mode) : bound_(bound), mode_(mode) {
    for (const std::string& name : bound.key) key_.push_back(static_cast<size_t>(bound.output->GetFieldIndex(name)));
  }

  void take(const std::vector<Batch>& epoch) {
    if (mode_ == OutputMode::kComplete) rows_.clear();
    for (const Batch& batch : epoch) {
      const auto& changes = static_cast<const arrow::Int8Array&>(*batch->GetColumnByName(std::string(kChangeColumn)));
      std::vector<Row> rows = rows_of_batch(*batch, bound_.output->num_fields());
      for (size_t i = 0; i < rows.size(); ++i) apply(static_cast<Change>(changes.Value(static_cast<int64_t>(i))), std::move(rows[i]));
    }
  }

  std::vector<OutRow> rows() const {
    std::vector<OutRow> all;
    for (const auto& [key, row] : rows_) all.push_back({row, -1});
    return all;
  }

 private:
  // Rows that nothing replaces are told apart by their number.
  void apply(Change change, Row row) {
    Row key;
    for (const size_t column : key_) key.push_back(row[column]);
    if (mode_ != OutputMode::kUpdate) key = {std::to_string(1'000'000'000 + number_++)};  // as many digits as any other
    if (change == Change::kDelete) {
      rows_.erase(key);
    } else {
      rows_[key] = std::move(row);
    }
  }

  const sql::BoundQuery& bound_;
  const OutputMode mode_;
  std::vector<size_t> key_;
  std::map<Row, Row> rows_;
  int64_t number_ = 0;
};

// With the watermark that each epoch sees.
std::vector<EpochRows> epochs_of(const Batch& whole, const std::string& event_time, int64_t delay, int64_t rows_each) {
  std::vector<EpochRows> epochs;
  const auto times = event_time.empty() ? nullptr : std::static_pointer_cast<arrow::TimestampArray>(whole->GetColumnByName(event_time));
  std::optional<Instant> late, evict;
  for (int64_t first = 0; first == 0 || first < whole->num_rows(); first += rows_each) {
    EpochRows one{first, std::min(rows_each, whole->num_rows() - first), {}};
    for (int64_t row = first; times && row < first + one.count; ++row) {
      const Instant reached{times->Value(row) - delay};
      if (!evict || evict->micros < reached.micros) evict = reached;
    }
    one.info.id = EpochId{static_cast<int64_t>(epochs.size())};
    one.info.now = kQueryTime;
    one.info.late = late;
    one.info.evict = evict;
    late = evict;
    epochs.push_back(one);
  }
  epochs.back().info.last = true;
  return epochs;
}

Status feed_epoch(Life& life, const Batch& whole, const EpochRows& epoch, Way way) {
  life.open(epoch.info);
  const int64_t size = way == Way::kStraight || way == Way::kBounded ? std::max<int64_t>(1, (epoch.count + 1) / 2) : 1;
  for (int64_t done = 0; done < epoch.count; done += size) {
    const Batch batch = whole->Slice(epoch.first + done, std::min(size, epoch.count - done));
    LT_RETURN_IF_ERROR(life.feed(batch, static_cast<size_t>(epoch.first + done)));
  }
  return {};
}

}  // namespace

int64_t rows_of_epoch(Way way, int64_t rows) { return way == Way::kBounded ? std::max<int64_t>(1, rows) : way == Way::kCrashing ? 2 : 3; }

Result<std::vector<Row>> ask_late(const sql::BoundQuery& late, const sql::SourceTable& source, const std::vector<Row>& rows, Way way, int64_t delay) {
  const sql::Decoded decoded = sql::decode_for(source, {&late, 1}, {"_offset"});
  const Batch whole = batch_of_rows(decoded, source.schema, rows);
  Context context;
  context.memory = arrow::default_memory_pool();
  context.labels = {{"pipeline", "queries"}};
  context.now = kQueryTime;
  std::vector<Batch> out;
  Rejects rejects;
  Chain chain(must(late.operators(decoded, context)), std::make_unique<Collect>(out));
  for (const EpochRows& epoch : epochs_of(whole, source.event_time, delay, rows_of_epoch(way, whole->num_rows()))) {
    LT_RETURN_IF_ERROR(chain.feed(whole->Slice(epoch.first, epoch.count), rejects).status());
    std::unique_ptr<Staged> staged;
    for (Step step = Step::kMore; step != Step::kDone;) {
      LT_ASSIGN_OR_RETURN(step, chain.end_epoch(epoch.info, staged, rejects));
    }
  }
  std::vector<Row> answer;
  for (const Batch& batch : out) {
    for (Row& row : rows_of_batch(*batch, late.output->num_fields())) answer.push_back(std::move(row));
  }
  return answer;
}

Result<Answer> ask_remembering(const sql::BoundQuery& bound, const sql::SourceTable& source, const std::vector<Row>& rows, Way way, OutputMode mode,
                               int64_t delay, const std::vector<TableRows>& tables) {
  const Batch whole = batch_of_rows(sql::decode_for(source, {&bound, 1}, {"_offset"}), source.schema, rows);
  return ask_in_epochs(bound, source, rows, epochs_of(whole, source.event_time, delay, rows_of_epoch(way, whole->num_rows())), way, mode, tables);
}

Result<Answer> ask_in_epochs(const sql::BoundQuery& bound, const sql::SourceTable& source, const std::vector<Row>& rows, const std::vector<EpochRows>& epochs, Way way,
                             OutputMode mode, const std::vector<TableRows>& tables) {
  const sql::Decoded decoded = sql::decode_for(source, {&bound, 1}, {"_offset"});
  const Batch whole = batch_of_rows(decoded, source.schema, rows);
  SavedTables saved;
  ResultTable result(bound, mode);
  Answer answer{bound.output, bound.explain, {}, {}, 0};
  int lanes = way == Way::kCrashing ? 1 : 2;
  auto life = std::make_unique<Life>(bound, decoded, mode, lanes, tables);
  for (const EpochRows& epoch : epochs) {
    if (way == Way::kCrashing) {
      LT_RETURN_IF_ERROR(feed_epoch(*life, whole, epoch, way));
      if (epoch.info.id.value % 2 == 0) LT_RETURN_IF_ERROR(life->end_epoch(epoch.info).status());
      lanes = lanes % 3 + 1;
      life = std::make_unique<Life>(bound, decoded, mode, lanes, tables);
      LT_RETURN_IF_ERROR(life->restore(saved));
    }
    LT_RETURN_IF_ERROR(feed_epoch(*life, whole, epoch, way));
    LT_ASSIGN_OR_RETURN(const std::vector<Batch> given, life->end_epoch(epoch.info));
    result.take(given);
    for (const Reject& reject : life->rejects()) answer.refused.push_back({reject.offset.value, reject.code, reject.reason});
    answer.late_rows += life->late_rows();
    if (way == Way::kCrashing) LT_RETURN_IF_ERROR(life->save(saved, epoch.info.id.value % 3 == 2));
  }
  answer.rows = result.rows();
  return answer;
}

}  // namespace laketide
