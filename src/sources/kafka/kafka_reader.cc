#include "sources/kafka/kafka_reader.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "base/log.h"
#include "kafka/error.h"
#include "sources/kafka/rate_limit.h"

namespace laketide {
namespace {

using kafka::MessageView;
using SteadyClock = std::chrono::steady_clock;

constexpr int64_t kNoEnd = std::numeric_limits<int64_t>::max();
constexpr int64_t kNoRow = -1;
// A reader that was not asked for so long has not missed anything: nobody was listening.
constexpr std::chrono::seconds kAskedAtLeast{10};
// A reader that nothing wakes comes by all the same, to look for silence.
constexpr std::chrono::seconds kComesBy{5};
// The end of a range may be behind markers and aborted records: then only the end of the log tells that it is reached.
constexpr std::chrono::milliseconds kWaitForEnd{100};
// Reading the clocks of the client's threads costs a system call for each.
constexpr std::chrono::milliseconds kChargeEvery{5};

/// What is known of one assigned partition. Confined to its task.
struct Slot {
  SourcePartition place;
  uint16_t topic = 0;
  int64_t next = 0;
  int64_t end = kNoEnd;
  bool done = false;
  bool at_end = false;           // of the log
  bool looking_for_low = false;  // the position is gone; the next event tells where the log begins
  bool doubted = false;          // the position was gone although the log holds it; asked once more
  int strikes = 0;               // how often it was woken up in vain
  SteadyTime heard;              // last event
  int64_t last_row = kNoRow;     // in the rows of this poll
  std::optional<LastRecord> last;
  int64_t records = 0, bytes = 0;  // of this poll
  std::shared_ptr<Counter> records_total, bytes_total;
};

std::vector<HeaderView> read_headers(const RecordView& record) {
  std::vector<HeaderView> all;
  for (const auto& [name, value] : MessageView::of_handle(record.handle).headers()) {
    all.push_back({name, value.value_or(std::string_view()), !value.has_value()});
  }
  return all;
}

std::string name_of(const SourcePartition& place) { return place.topic + " [" + std::to_string(place.partition) + "]"; }

/// See kafka_reader.h. Confined to its task.
class KafkaReader final : public Reader {
 public:
  KafkaReader(KafkaReaderOptions options, Context& context)
      : options_(std::move(options)), context_(context), late_(options_.alarm, context.wake), comes_by_(options_.alarm, context.wake) {
    if (options_.max_rate_per_partition) limits_.emplace(*options_.max_rate_per_partition);
    if (!context.metrics) return;
    Labels labels = context.labels;
    labels["source"] = options_.source;
    lost_ = context.metrics->counter("laketide_source_lost_records_total",
                                     "Records that were gone from Kafka before they were read", labels);
    regressions_ = context.metrics->counter("laketide_source_regressions_total",
                                            "Records that Kafka's client gave a second time, dropped", labels);
    revived_ = context.metrics->counter("laketide_source_reassignments_total",
                                        "Assignments renewed because a partition was silent", labels);
  }

  ~KafkaReader() override { charge_client(); }

  Status open_client() {
    charge_client();
    charged_ = {};
    fetched_.clear();
    taken_ = 0;
    common_.clear();
    topic_of_id_.clear();
    cached_ = nullptr;
    consumer_.reset();
    kafka::ConsumerOptions options = options_.consumer;
    if (is_bounded_) options.fetch_wait = kWaitForEnd;
    LT_ASSIGN_OR_RETURN(consumer_, kafka::Consumer::open(options, context_.wake));
    return {};
  }

  Status assign(const Ranges& ranges) override;
  Result<Step> poll(const Budget& budget, std::variant<Records, Batch>& out) override;

  Positions next() const override {
    Positions all;
    for (const Slot& slot : slots_) all[slot.place] = NextOffset(slot.next);
    return all;
  }

  std::map<SourcePartition, LastRecord> last_records() const override {
    std::map<SourcePartition, LastRecord> all;
    for (const Slot& slot : slots_) {
      if (slot.last) all[slot.place] = *slot.last;
    }
    return all;
  }

 private:
  /// The CPU time that the client's threads have used since the last call.
  void charge_client() {
    if (consumer_ == nullptr) return;
    const auto used = consumer_->client_cpu();
    context_.account.charge(used - std::exchange(charged_, used));
  }

  void count(Slot& slot) const;
  Status assign_client();
  void refill(const Budget& budget, SteadyTime now);
  bool refill_within_rate(const Budget& budget, SteadyTime now);
  Result<bool> take_events(const Budget& budget, SteadyTime now);
  Slot* find(const MessageView& message);
  void take_record(Slot& slot, const MessageView& message);
  Status take_other(const MessageView& message, SteadyTime now);
  Status found_low(Slot& slot, int64_t low);
  void finish(Slot& slot);
  void note_last_rows(SteadyTime now);
  Status look_for_silence(SteadyTime now);

  const KafkaReaderOptions options_;
  Context& context_;
  LateWake late_;
  LateWake comes_by_;
  std::optional<RateLimits> limits_;
  std::shared_ptr<Counter> lost_, regressions_, revived_;

  std::vector<std::string> topics_;
  std::vector<Slot> slots_;
  size_t unfinished_ = 0;
  bool is_bounded_ = false;  // every range has an end
  std::unordered_map<const void*, uint16_t> topic_of_id_;
  std::unordered_map<uint64_t, size_t> slot_of_;  // topic << 32 | partition
  // The slot of the message before: runs of one partition are long.
  const void* cached_topic_ = nullptr;
  int32_t cached_partition_ = -1;
  Slot* cached_ = nullptr;

  std::unique_ptr<kafka::Consumer> consumer_;
  kafka::Fetched fetched_;
  kafka::Fetched common_;  // with a queue per partition: what still comes by the common one
  size_t taken_ = 0;       // of fetched_
  size_t turn_ = 0;
  int64_t mean_bytes_ = 256;
  bool must_assign_ = false;
  std::vector<RecordView> rows_;
  std::vector<Slot*> touched_;  // that gave rows in this poll
  SteadyTime asked_;
  std::chrono::nanoseconds charged_{0};  // of this client's CPU time
  SteadyTime charged_at_;
};

Status KafkaReader::assign(const Ranges& ranges) {
  fetched_.clear();
  taken_ = 0;
  topics_.clear();
  slots_.clear();
  slot_of_.clear();
  topic_of_id_.clear();
  cached_ = nullptr;
  unfinished_ = 0;
  asked_ = SteadyClock::now();
  for (const auto& [place, range] : ranges) {
    // The map is sorted by topic, so equal ones stand together.
    if (topics_.empty() || topics_.back() != place.topic) topics_.push_back(place.topic);
    if (topics_.size() > std::numeric_limits<uint16_t>::max()) {
      return Status::user("too_many_topics", "one lane can read 65535 topics; use more lanes or a narrower pattern");
    }
    Slot slot;
    slot.place = place;
    slot.topic = static_cast<uint16_t>(topics_.size() - 1);
    slot.next = range.start.value;
    slot.end = range.end ? range.end->value : kNoEnd;
    slot.done = slot.next >= slot.end;
    slot.heard = asked_;
    unfinished_ += slot.done ? 0 : 1;
    count(slot);
    slot_of_[uint64_t{slot.topic} << 32 | static_cast<uint32_t>(place.partition)] = slots_.size();
    slots_.push_back(std::move(slot));
  }
  if (limits_) limits_->reset(slots_.size(), asked_);
  const bool was_bounded = std::exchange(is_bounded_, std::ranges::none_of(slots_, [](const Slot& slot) { return slot.end == kNoEnd; }));
  if (!consumer_ || was_bounded != is_bounded_) LT_RETURN_IF_ERROR(open_client());
  return assign_client();
}

void KafkaReader::count(Slot& slot) const {
  if (!context_.metrics) return;
  Labels labels = context_.labels;
  labels["source"] = options_.source;
  labels["topic"] = slot.place.topic;
  labels["partition"] = std::to_string(slot.place.partition);
  slot.records_total = context_.metrics->counter("laketide_source_read_records_total", "Records read from the partition, also of epochs given up later", labels);
  slot.bytes_total = context_.metrics->counter("laketide_source_read_bytes_total", "Bytes of their keys and values", labels);
}

Status KafkaReader::assign_client() {
  must_assign_ = false;
  fetched_.clear();
  taken_ = 0;
  std::vector<kafka::PartitionStart> starts;
  for (const Slot& slot : slots_) {
    // With a queue per partition, places in the assignment and slots must be the same.
    if (slot.done && !limits_) continue;
    starts.push_back({slot.place.topic, slot.place.partition,
                      slot.looking_for_low ? kafka::PartitionStart::kBeginning : slot.next});
  }
  LT_RETURN_IF_ERROR(consumer_->assign(starts));
  for (const Slot& slot : slots_) {
    if (slot.done && limits_) consumer_->pause(slot.place.topic, slot.place.partition);
  }
  return {};
}

Result<Step> KafkaReader::poll(const Budget& budget, std::variant<Records, Batch>& out) {
  const SteadyTime now = SteadyClock::now();
  rows_.clear();
  if (unfinished_ == 0) return Step::kDone;
  if (must_assign_) LT_RETURN_IF_ERROR(assign_client());
  if (now - asked_ > kAskedAtLeast) {
    for (Slot& slot : slots_) slot.heard = now;
  }
  asked_ = now;
  if (now - charged_at_ >= kChargeEvery) {
    charged_at_ = now;
    charge_client();
  }

  if (taken_ == fetched_.size()) refill(budget, now);
  LT_RETURN_IF_ERROR(consumer_->failure().in("reading source " + options_.source));
  LT_ASSIGN_OR_RETURN(const bool any, take_events(budget, now));
  if (!rows_.empty()) {
    note_last_rows(now);
    out = Records{options_.source, topics_, rows_, 0, read_headers};
    return Step::kReady;
  }
  if (unfinished_ == 0) return Step::kDone;
  if (any) return Step::kMore;
  LT_RETURN_IF_ERROR(look_for_silence(now));
  if (options_.alarm) comes_by_.after(kComesBy);
  if (context_.blocked != BlockReason::kRateLimit) {
    context_.blocked = consumer_->is_broker_away() ? BlockReason::kBrokerAway : BlockReason::kNoInput;
  }
  return Step::kBlocked;
}

void KafkaReader::refill(const Budget& budget, SteadyTime now) {
  taken_ = 0;
  context_.blocked = BlockReason::kNone;
  if (limits_) {
    fetched_.clear();
    consumer_->take(64, common_);
    if (!refill_within_rate(budget, now)) {
      context_.blocked = BlockReason::kRateLimit;
      late_.after(limits_->until_next(now));
    }
    return;
  }
  const int64_t fitting = std::clamp<int64_t>(budget.bytes_max / std::max<int64_t>(1, mean_bytes_), 1, budget.rows_max);
  consumer_->take(static_cast<size_t>(fitting), fetched_);
}

/// False if nothing was taken and some partition had to be left out for its rate.
bool KafkaReader::refill_within_rate(const Budget& budget, SteadyTime now) {
  bool held_back = false;
  for (size_t tried = 0; tried < slots_.size(); ++tried) {
    const size_t i = turn_++ % slots_.size();
    Slot& slot = slots_[i];
    if (slot.done) continue;
    const int64_t allowed = limits_->allowed(i, now);
    if (allowed == 0) {
      held_back = true;
      slot.heard = now;
      continue;
    }
    consumer_->take_from(i, static_cast<size_t>(std::min(allowed, budget.rows_max)), fetched_);
    if (fetched_.size() == 0) continue;
    limits_->spend(i, static_cast<int64_t>(fetched_.size()));
    return true;
  }
  return !held_back;
}

/// Whether there were events at all. Stops at the budget; the rest waits for the next poll.
Result<bool> KafkaReader::take_events(const Budget& budget, SteadyTime now) {
  const size_t first = taken_;
  int64_t bytes = 0;
  while (taken_ < fetched_.size() && static_cast<int64_t>(rows_.size()) < budget.rows_max && bytes < budget.bytes_max) {
    const MessageView message = fetched_[taken_++];
    if (!message.is_record()) {
      LT_RETURN_IF_ERROR(take_other(message, now));
      if (must_assign_) break;
      continue;
    }
    Slot* slot = find(message);
    if (slot == nullptr || slot->done) continue;
    if (slot->looking_for_low) {
      LT_RETURN_IF_ERROR(found_low(*slot, message.offset()));
      if (must_assign_) break;
      if (slot->done) continue;
    }
    bytes += static_cast<int64_t>(message.value_size() + message.key_size());
    take_record(*slot, message);
  }
  const auto events = static_cast<int64_t>(taken_ - first);
  if (events > 0) mean_bytes_ = (mean_bytes_ * 3 + bytes / events) / 4;
  return events > 0;
}

Slot* KafkaReader::find(const MessageView& message) {
  if (message.topic_id() == cached_topic_ && message.partition() == cached_partition_ && cached_) return cached_;
  if (message.topic_id() == nullptr) return nullptr;
  auto topic = topic_of_id_.find(message.topic_id());
  if (topic == topic_of_id_.end()) {
    const auto named = std::lower_bound(topics_.begin(), topics_.end(), message.topic());
    if (named == topics_.end() || *named != message.topic()) return nullptr;
    topic = topic_of_id_.emplace(message.topic_id(), static_cast<uint16_t>(named - topics_.begin())).first;
  }
  const auto slot = slot_of_.find(uint64_t{topic->second} << 32 | static_cast<uint32_t>(message.partition()));
  if (slot == slot_of_.end()) return nullptr;
  cached_topic_ = message.topic_id();
  cached_partition_ = message.partition();
  cached_ = &slots_[slot->second];
  return cached_;
}

void KafkaReader::take_record(Slot& slot, const MessageView& message) {
  const int64_t offset = message.offset();
  if (offset >= slot.end) return finish(slot);
  if (offset < slot.next) {
    if (regressions_) regressions_->add(1);
    log::error("kafka gave a record a second time; it was dropped",
               {{"partition", name_of(slot.place)}, {"offset", offset}, {"next", slot.next}});
    return;
  }
  slot.next = offset + 1;
  slot.at_end = false;
  slot.doubted = false;
  if (slot.last_row == kNoRow) touched_.push_back(&slot);
  slot.last_row = static_cast<int64_t>(rows_.size());
  ++slot.records;
  slot.bytes += static_cast<int64_t>(message.key_size() + message.value_size());
  const auto [timestamp, timestamp_type] = message.timestamp();
  rows_.push_back(RecordView{message.key(), message.value(), static_cast<uint32_t>(message.key_size()),
                             static_cast<uint32_t>(message.value_size()), RecordOffset(offset), timestamp,
                             slot.place.partition, slot.topic, timestamp_type, message.handle()});
  if (slot.next == slot.end) finish(slot);
}

Status KafkaReader::take_other(const MessageView& message, SteadyTime now) {
  Slot* slot = find(message);
  if (message.is_end() || message.is_position_gone()) {
    if (slot == nullptr || slot->done) return {};
    slot->heard = now;
    slot->strikes = 0;
  }
  if (message.is_end()) {
    if (slot->looking_for_low) LT_RETURN_IF_ERROR(found_low(*slot, message.offset()));
    if (must_assign_ || slot->done) return {};
    slot->next = std::max(slot->next, std::min(message.offset(), slot->end));
    slot->at_end = true;
    if (slot->next >= slot->end) finish(*slot);
    return {};
  }
  if (message.is_position_gone()) {
    if (slot->looking_for_low) {
      return Status::external("broker_away", "the broker does not say where the log begins: " + name_of(slot->place));
    }
    slot->looking_for_low = true;
    must_assign_ = true;
    return {};
  }
  const std::string where = slot ? name_of(slot->place) : "source " + options_.source;
  Status status = kafka::to_status(message.error(), "reading " + where);
  if (!status.retryable()) return status;
  log::warn("kafka reports an error; reading goes on", {{"partition", where}, {"error", status.detail()}});
  return {};
}

/// The position was gone; the log begins at `low`.
Status KafkaReader::found_low(Slot& slot, int64_t low) {
  slot.looking_for_low = false;
  if (low == slot.next) return {};
  if (low < slot.next) {
    // Either the log ends before the position, or the broker that answered was behind. Only asking again can tell.
    must_assign_ = true;
    if (!std::exchange(slot.doubted, true)) return {};
    return Status::user("data_loss", "the log of " + name_of(slot.place) +
                                         " no longer reaches the position, it was truncated or the topic made anew: reset "
                                         "the pipeline to read it from where it is; next offset " +
                                         std::to_string(slot.next));
  }
  const int64_t resumed = std::min(low, slot.end);
  const std::string lost = "[" + std::to_string(slot.next) + ", " + std::to_string(resumed) + ")";
  if (options_.fail_on_data_loss) {
    return Status::user("data_loss", "records are gone from Kafka before they were read: give the topic a longer retention "
                                     "and reset the pipeline, or set fail_on_data_loss: false to go on without them; " +
                                         name_of(slot.place) + " " + lost);
  }
  if (lost_) lost_->add(static_cast<double>(resumed - slot.next));
  log::error("records are gone from Kafka before they were read; going on behind them",
             {{"partition", name_of(slot.place)}, {"lost", lost}});
  slot.next = resumed;
  if (slot.next >= slot.end) finish(slot);
  return {};
}

void KafkaReader::finish(Slot& slot) {
  slot.next = slot.end;
  slot.done = true;
  --unfinished_;
  if (unfinished_ > 0) consumer_->pause(slot.place.topic, slot.place.partition);
}

void KafkaReader::note_last_rows(SteadyTime now) {
  for (Slot* slot : touched_) {
    const RecordView& row = rows_[static_cast<size_t>(std::exchange(slot->last_row, kNoRow))];
    slot->last = LastRecord{row.offset, row.timestamp_ms, hash_key(row.key, row.key_size)};
    slot->heard = now;
    slot->strikes = 0;
    if (!slot->records_total) continue;
    slot->records_total->add(static_cast<double>(std::exchange(slot->records, 0)));
    slot->bytes_total->add(static_cast<double>(std::exchange(slot->bytes, 0)));
  }
  touched_.clear();
}

Status KafkaReader::look_for_silence(SteadyTime now) {
  int strikes = 0;
  for (Slot& slot : slots_) {
    if (slot.done) continue;
    if (consumer_->is_broker_away()) slot.heard = now;
    if (now - slot.heard <= (slot.at_end ? options_.probe_after : options_.stuck_after)) continue;
    strikes = std::max(strikes, ++slot.strikes);
    if (slot.strikes > 2) {
      return Status::external("source_stuck", "the Kafka client gives nothing although a new one was tried; is the "
                                              "partition's leader alive? " + name_of(slot.place));
    }
  }
  if (strikes == 0) return {};
  if (revived_) revived_->add(1);
  log::debug("partitions were silent and are assigned anew", {{"source", options_.source}, {"strikes", strikes}});
  if (strikes == 2) LT_RETURN_IF_ERROR(open_client());
  for (Slot& slot : slots_) {
    slot.at_end = false;
    slot.heard = now;
  }
  return assign_client();
}

}  // namespace

Result<std::unique_ptr<Reader>> make_kafka_reader(KafkaReaderOptions options, Context& context) {
  if (options.max_rate_per_partition) {
    options.consumer.queue_per_partition = true;
    // Twice what is used while the client's thread sleeps, which it does for up to a second once a queue is that long.
    options.consumer.prefetch_messages = std::max<int64_t>(100, 2 * *options.max_rate_per_partition);
  }
  return std::unique_ptr<Reader>(std::make_unique<KafkaReader>(std::move(options), context));
}

}  // namespace laketide
