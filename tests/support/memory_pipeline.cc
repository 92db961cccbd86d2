#include "support/memory_pipeline.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/failpoint.h"

namespace laketide {

namespace {
const std::string kMarker("\0marker", 7);
}

void MemoryTopic::append(int partition, std::string value) {
  std::vector<std::function<void()>> watchers;
  {
    std::lock_guard lock(mutex_);
    partitions_.at(static_cast<size_t>(partition)).push_back(std::move(value));
    watchers = watchers_;
  }
  for (const auto& wake : watchers) wake();
}

void MemoryTopic::append_marker(int partition) { append(partition, kMarker); }

bool MemoryTopic::is_marker(int partition, int64_t offset) const {
  std::lock_guard lock(mutex_);
  const auto& all = partitions_.at(static_cast<size_t>(partition));
  return offset < static_cast<int64_t>(all.size()) && all[static_cast<size_t>(offset)] == kMarker;
}

void MemoryTopic::add_partition() {
  std::lock_guard lock(mutex_);
  partitions_.emplace_back();
}

void MemoryTopic::recreate(int partitions) {
  std::lock_guard lock(mutex_);
  partitions_.assign(static_cast<size_t>(partitions), {});
}

PartitionBounds MemoryTopic::bounds() const {
  std::lock_guard lock(mutex_);
  PartitionBounds out;
  for (size_t p = 0; p < partitions_.size(); ++p) {
    out[{"in", "t", static_cast<int32_t>(p)}] = {NextOffset(0), NextOffset(static_cast<int64_t>(partitions_[p].size()))};
  }
  return out;
}

std::vector<std::string> MemoryTopic::read(int partition, int64_t from, int64_t count) const {
  std::lock_guard lock(mutex_);
  const auto& all = partitions_.at(static_cast<size_t>(partition));
  const auto begin = std::min<int64_t>(from, static_cast<int64_t>(all.size()));
  const auto end = std::min<int64_t>(begin + count, static_cast<int64_t>(all.size()));
  std::vector<std::string> values;
  for (int64_t i = begin; i < end && all[static_cast<size_t>(i)] != kMarker; ++i) values.push_back(all[static_cast<size_t>(i)]);
  return values;
}

void MemoryTopic::watch(std::function<void()> wake) {
  std::lock_guard lock(mutex_);
  watchers_.push_back(std::move(wake));
}

namespace {

constexpr int64_t kPollRows = 7;  // small, so that epochs are cut inside partitions

/// Confined to its task.
class TopicReader final : public Reader {
 public:
  TopicReader(std::shared_ptr<MemoryTopic> topic, Context& context) : topic_(std::move(topic)), context_(context) {
    topic_->watch(context.wake);
  }

  Status assign(const Ranges& ranges) override {
    ranges_ = ranges;
    next_.clear();
    last_.clear();
    for (const auto& [place, range] : ranges) next_[place] = range.start;
    return {};
  }

  Result<Step> poll(const Budget& budget, std::variant<Records, Batch>& out) override {
    LT_FAILPOINT("memory_source.poll");
    bool all_done = true;
    for (const auto& [place, range] : ranges_) {
      auto& next = next_.at(place);
      while ((!range.end || next < *range.end) && topic_->is_marker(place.partition, next.value)) next = RecordOffset(next.value).next();
      const int64_t left = range.end ? range.end->value - next.value : INT64_MAX;
      all_done &= range.end.has_value() && left == 0;
      values_ = topic_->read(place.partition, next.value, std::min({left, budget.rows_max, kPollRows}));
      if (!values_.empty()) return hand_out(place, next, out);
    }
    if (all_done) return Step::kDone;
    context_.blocked = BlockReason::kNoInput;
    return Step::kBlocked;
  }

  Positions next() const override { return next_; }
  std::map<SourcePartition, LastRecord> last_records() const override { return last_; }

 private:
  Step hand_out(const SourcePartition& place, NextOffset& next, std::variant<Records, Batch>& out) {
    rows_.clear();
    for (const auto& value : values_) {
      RecordView view;
      view.key = view.value = value.data();
      view.key_size = view.value_size = static_cast<uint32_t>(value.size());
      view.partition = place.partition;
      view.offset = RecordOffset(next.value);
      view.timestamp_ms = next.value;
      rows_.push_back(view);
      next = view.offset.next();
    }
    last_[place] = LastRecord{rows_.back().offset, rows_.back().timestamp_ms, hash_key(rows_.back().key, rows_.back().key_size)};
    out = Records{"in", topics_, rows_, 0, [](const RecordView& record) { return std::vector<HeaderView>{{"h", record.value_view()}}; }};
    return Step::kReady;
  }

  std::shared_ptr<MemoryTopic> topic_;
  Context& context_;
  const std::vector<std::string> topics_{"t"};
  Ranges ranges_;
  Positions next_;
  std::map<SourcePartition, LastRecord> last_;
  std::vector<std::string> values_;
  std::vector<RecordView> rows_;
};

/// Thread-safe.
class MemorySource final : public Source {
 public:
  explicit MemorySource(std::shared_ptr<MemoryTopic> topic) : topic_(std::move(topic)) {}
  Result<PartitionBounds> bounds(const Wait&) override { return topic_->bounds(); }
  Result<Positions> at_time(Instant, const Wait&) override { return Positions(); }
  Result<std::unique_ptr<Reader>> open(Context& context) override {
    return std::unique_ptr<Reader>(std::make_unique<TopicReader>(topic_, context));
  }
  Status mirror(const Positions&, const Wait&) override { return {}; }
  Result<std::optional<Reject>> fetch(const SourcePartition& place, RecordOffset offset, const Wait&) override {
    const auto values = topic_->read(place.partition, offset.value, 1);
    if (values.empty()) return std::optional<Reject>();
    Reject record;
    record.offset = offset;
    record.timestamp_ms = offset.value;
    record.key = record.value = values.front();
    return std::optional<Reject>(std::move(record));
  }

 private:
  std::shared_ptr<MemoryTopic> topic_;
};

Schema memory_schema() {
  return arrow::schema({arrow::field("partition", arrow::int32()), arrow::field("offset", arrow::int64()), arrow::field("value", arrow::utf8())});
}

/// Confined to its task.
class MemoryDecoder final : public Decoder {
 public:
  Status decode(const Records& records, Batch& out, Rejects& rejects) override {
    arrow::Int32Builder partitions;
    arrow::Int64Builder offsets;
    arrow::StringBuilder values;
    for (const auto& record : records.rows) {
      if (record.value_view().starts_with('!')) {
        rejects.add(records, record, RejectStage::kDecode, "bad_json", "it begins with an exclamation mark");
        continue;
      }
      const auto ok = partitions.Append(record.partition) & offsets.Append(record.offset.value) & values.Append(record.value_view());
      if (!ok.ok()) return Status::internal("memory", ok.ToString());
    }
    const int64_t rows = values.length();
    out = rows == 0 ? nullptr
                    : arrow::RecordBatch::Make(memory_schema(), rows, {*partitions.Finish(), *offsets.Finish(), *values.Finish()});
    return {};
  }
};

/// Immutable.
class MemoryFormat final : public Format {
 public:
  Schema schema() const override { return memory_schema(); }
  std::unique_ptr<SchemaInference> inference() const override { return nullptr; }
  Result<std::unique_ptr<Decoder>> open(Schema, std::vector<std::string>, Context&) const override {
    return std::unique_ptr<Decoder>(std::make_unique<MemoryDecoder>());
  }
};

Reject place_of(const arrow::RecordBatch& batch, int64_t row, RejectStage stage, std::string code) {
  Reject reject;
  reject.source = "in";
  reject.topic = "t";
  reject.partition = static_cast<const arrow::Int32Array&>(*batch.GetColumnByName("partition")).Value(row);
  reject.offset = RecordOffset(static_cast<const arrow::Int64Array&>(*batch.GetColumnByName("offset")).Value(row));
  reject.stage = stage;
  reject.code = std::move(code);
  return reject;
}

/// Confined to its task.
class RefusingOperator final : public Operator {
 public:
  Result<Step> process(Port, const Batch& in, Batch& out, Rejects& rejects) override {
    const auto& values = static_cast<const arrow::StringArray&>(*in->GetColumnByName("value"));
    arrow::Int32Builder partitions;
    arrow::Int64Builder offsets;
    arrow::StringBuilder kept;
    for (int64_t i = 0; i < in->num_rows(); ++i) {
      Reject place = place_of(*in, i, RejectStage::kEvaluate, "division_by_zero");
      if (values.GetView(i).starts_with('?')) {
        rejects.add(std::move(place));
        continue;
      }
      const auto ok = partitions.Append(place.partition) & offsets.Append(place.offset.value) & kept.Append(values.GetView(i));
      if (!ok.ok()) return Status::internal("memory", ok.ToString());
    }
    const int64_t rows = kept.length();
    out = arrow::RecordBatch::Make(memory_schema(), rows, {*partitions.Finish(), *offsets.Finish(), *kept.Finish()});
    return Step::kReady;
  }
  Result<Step> end_epoch(const EpochInfo&, Batch&) override { return Step::kReady; }
};

/// A failpoint whose name is made up while the test runs; it lives for ever, as every failpoint must.
Failpoint& named_failpoint(const std::string& name) {
  static std::mutex mutex;
  static auto* points = new std::map<std::string, std::unique_ptr<Failpoint>>;
  std::lock_guard lock(mutex);
  auto [at, made] = points->try_emplace(name);
  if (made) at->second = std::make_unique<Failpoint>(at->first.c_str());
  return *at->second;
}

using Row = std::pair<std::pair<int, int64_t>, std::string>;

/// Confined to its task.
class MemoryStaged final : public Staged {
 public:
  explicit MemoryStaged(std::vector<Row> rows) : kept(std::move(rows)) {}
  int64_t rows() const override { return static_cast<int64_t>(kept.size()); }
  int64_t bytes() const override { return rows() * 16; }
  std::vector<Row> kept;
};

/// Confined to its task.
class TableWriter final : public Writer {
 public:
  Result<Step> write(const Batch& batch, Rejects& rejects) override {
    const auto column = [&](const char* name) { return batch->GetColumnByName(name); };
    const auto& partitions = static_cast<const arrow::Int32Array&>(*column("partition"));
    const auto& offsets = static_cast<const arrow::Int64Array&>(*column("offset"));
    const auto& values = static_cast<const arrow::BinaryArray&>(*column("value"));
    const bool is_quarantine = column("code") != nullptr;
    for (int64_t i = 0; i < batch->num_rows(); ++i) {
      if (!is_quarantine && values.GetView(i).starts_with('#')) {
        rejects.add(place_of(*batch, i, RejectStage::kWrite, "bad_text"));
        continue;
      }
      rows_.push_back({{partitions.Value(i), offsets.Value(i)}, values.IsNull(i) ? "(null)" : values.GetString(i)});
    }
    return Step::kReady;
  }
  Result<Step> end_epoch(EpochId, std::unique_ptr<Staged>& staged, Rejects&) override {
    staged = std::make_unique<MemoryStaged>(std::exchange(rows_, {}));
    return Step::kDone;
  }

 private:
  std::vector<Row> rows_;
};

/// Caller synchronises.
class MemorySink final : public Sink {
 public:
  MemorySink(std::string id, std::shared_ptr<MemoryTable> table) : id_(std::move(id)), table_(std::move(table)) {}

  const std::string& id() const override { return id_; }
  Result<Progress> claim(const Wait&) override {
    std::lock_guard lock(table_->mutex);
    generation_ = table_->generation = Generation(table_->generation.value + 1);
    staged_.clear();
    return Progress{generation_, table_->epoch, table_->next, table_->plan};
  }
  Status bind(const Schema&, const Wait&) override { return {}; }
  Result<std::optional<Instant>> largest(const std::string& column, const Wait& wait) override {
    std::lock_guard lock(table_->mutex);
    const auto found = table_->largest.find(column);
    return found == table_->largest.end() ? Sink::largest(column, wait) : Result<std::optional<Instant>>(found->second);
  }
  Result<std::unique_ptr<Writer>> open(Context&) override { return std::unique_ptr<Writer>(std::make_unique<TableWriter>()); }
  Status prepare(const EpochPlan&, std::span<const std::unique_ptr<Staged>> staged, const Wait&) override {
    LT_RETURN_IF_ERROR(point(".prepare.before"));
    staged_.clear();
    for (const auto& one : staged) {
      const auto& rows = static_cast<const MemoryStaged&>(*one).kept;
      staged_.insert(staged_.end(), rows.begin(), rows.end());
    }
    return {};
  }
  Result<Commit> commit(const EpochPlan& plan, const Wait&) override {
    LT_RETURN_IF_ERROR(point(".commit.before"));
    {
      std::lock_guard lock(table_->mutex);
      if (table_->generation != generation_) return Status::fenced("another owner has " + id_);
      if (table_->epoch == plan.epoch) return Commit{std::to_string(table_->commits), table_->rows_of_epoch, 0};
      table_->rows_of_epoch = static_cast<int64_t>(staged_.size());
      table_->rows.insert(table_->rows.end(), staged_.begin(), staged_.end());
      table_->epoch = plan.epoch;
      table_->next = plan.next;
      table_->plan = plan.to_json();
      ++table_->commits;
    }
    LT_RETURN_IF_ERROR(point(".commit.after"));
    return Commit{std::to_string(table_->commits), static_cast<int64_t>(staged_.size()), 0};
  }
  Status abandon(EpochId, const Wait&) override {
    staged_.clear();
    return {};
  }

 private:
  Status point(const char* step) { return named_failpoint("memory_sink." + id_ + step).hit(); }

  const std::string id_;
  std::shared_ptr<MemoryTable> table_;
  Generation generation_;
  std::vector<Row> staged_;
};

}  // namespace

std::shared_ptr<Source> make_memory_source(std::shared_ptr<MemoryTopic> topic) {
  return std::make_shared<MemorySource>(std::move(topic));
}
std::shared_ptr<Format> make_memory_format() { return std::make_shared<MemoryFormat>(); }
std::unique_ptr<Operator> make_memory_operator() { return std::make_unique<RefusingOperator>(); }
std::unique_ptr<Sink> make_memory_sink(std::string id, std::shared_ptr<MemoryTable> table) {
  return std::make_unique<MemorySink>(std::move(id), std::move(table));
}

}  // namespace laketide
