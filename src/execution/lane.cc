#include "execution/lane.h"

#include <arrow/record_batch.h>

namespace laketide {

Lane::Lane(LaneParts parts, LaneLimits limits, BadRecordPolicy policy, std::string pipeline, EpochId first, LaneHost* host)
    : Part("lane " + std::to_string(parts.context->lane), std::move(pipeline), host),
      parts_(std::move(parts)),
      limits_(limits),
      host_(host),
      open_(first),
      refused_(policy, parts_.quarantine.get(), this->pipeline(), parts_.context->clock) {
  epoch_.lane = parts_.context->lane;
  epoch_.rows_out.assign(parts_.chains.size(), 0);
}

void Lane::request_close(const EpochInfo& info) {
  const MutexLock lock(close_mutex_);
  close_info_ = info;
  close_requested_.store(true, std::memory_order_release);
}

Result<Step> Lane::advance() {
  if (input_) return feed();
  if (close_requested_.load(std::memory_order_acquire)) return close();
  if (drained_) return blocked(BlockReason::kNoInput);
  if (full_) return blocked(BlockReason::kEpochHeld);
  return read();
}

Result<Step> Lane::read() {
  Budget budget;
  budget.rows_max = std::min(budget.rows_max, limits_.records_max - epoch_.records);
  std::variant<Records, Batch> input;
  LT_ASSIGN_OR_RETURN(const Step step, parts_.reader->poll(budget, input));
  if (step == Step::kBlocked) return blocked(parts_.context->blocked);
  if (step == Step::kDone) {
    drained_ = true;
    host_->lane_is_drained();
    return Step::kMore;
  }
  return step == Step::kReady ? take(input) : Result<Step>(step);
}

Result<Step> Lane::take(std::variant<Records, Batch>& input) {
  if (reason_ == BlockReason::kBrokerAway) (void)blocked(BlockReason::kNone).ok();
  if (epoch_.records == 0) {
    parts_.context->epoch = open_;
    parts_.context->now = host_->epoch_opened(open_);
  }
  records_ = Records();
  if (auto* records = std::get_if<Records>(&input)) {
    records_ = *records;
    int64_t bytes = 0;
    for (const auto& record : records->rows) bytes += record.key_size + record.value_size;
    LT_RETURN_IF_ERROR(parts_.decoder->decode(*records, input_, refused_.rejects()));
    count(static_cast<int64_t>(records->rows.size()), bytes);
  } else {
    input_ = std::get<Batch>(std::move(input));
    // Rows that were never bytes count as 64 each: only the bound on memory looks at it.
    count(input_->num_rows(), input_->num_rows() * 64);
  }
  const size_t undecoded = refused_.rejects().size();
  if (parts_.event_times && input_) LT_RETURN_IF_ERROR(parts_.event_times->observe(input_, refused_.rejects()));
  if (refused_.has_quarantine() && !records_.rows.empty()) refused_.rejects().complete(records_, undecoded);
  LT_RETURN_IF_ERROR(settle_rejects());
  branch_ = 0;
  return input_ ? feed() : Result<Step>(Step::kReady);
}

Result<Step> Lane::feed() {
  while (branch_ < parts_.chains.size()) {
    const bool first = !std::exchange(offered_, true);
    LT_ASSIGN_OR_RETURN(const Step step, parts_.chains[branch_]->feed(first ? input_ : nullptr, refused_.rejects()));
    if (step == Step::kBlocked) return blocked(BlockReason::kSinkQueueFull);
    offered_ = false;
    if (branch_++ == 0) refused_first_ = refused_.rejects().size();
  }
  branch_ = 0;
  input_ = nullptr;
  const size_t fresh = refused_.settled();
  Rejects& rejects = refused_.rejects();
  if (parts_.chains.size() > 1) rejects.drop_repeats(fresh);
  epoch_.refused_later += static_cast<int64_t>(rejects.size() - std::min(refused_first_, rejects.size()));
  if (refused_.has_quarantine() && !records_.rows.empty()) rejects.complete(records_, fresh);
  LT_RETURN_IF_ERROR(settle_rejects());
  return Step::kReady;
}

Result<Step> Lane::close() {
  EpochInfo info;
  {
    const MutexLock lock(close_mutex_);
    info = *close_info_;
  }
  // Writers name what they stage after the epoch they believe to be open; a wrong name is taken for a leftover at the next claim.
  if (info.id != open_) {
    return Status::internal("epoch_order", "a lane was told to end epoch " + std::to_string(info.id.value) + " and has epoch " +
                                               std::to_string(open_.value) + " open");
  }
  epoch_.staged.resize(parts_.chains.size() + 1);
  for (; branch_ < parts_.chains.size(); ++branch_) {
    Chain& chain = *parts_.chains[branch_];
    const int64_t rows = chain.rows_out();
    LT_ASSIGN_OR_RETURN(const Step step, chain.end_epoch(info, epoch_.staged[branch_], refused_.rejects()));
    if (step != Step::kDone) return step == Step::kBlocked ? blocked(BlockReason::kSinkQueueFull) : Result<Step>(step);
    epoch_.rows_out[branch_] = rows;
  }
  LT_RETURN_IF_ERROR(settle_rejects());
  LT_ASSIGN_OR_RETURN(const Step settled, refused_.end_epoch(info.id, epoch_.staged.back()));
  if (settled != Step::kDone) return settled;
  close_requested_.store(false, std::memory_order_release);
  branch_ = 0;
  bytes_ = 0;
  full_ = false;
  open_ = after(info.id);
  epoch_.next = parts_.reader->next();
  epoch_.last_records = parts_.reader->last_records();
  if (parts_.event_times) epoch_.event_times = parts_.event_times->take();
  epoch_.late_rows = std::exchange(parts_.context->late_rows, {});
  LaneEpoch done = std::exchange(epoch_, LaneEpoch{});
  epoch_.lane = done.lane;
  epoch_.rows_out.assign(parts_.chains.size(), 0);
  host_->lane_closed(std::move(done));
  return Step::kReady;
}

Result<Step> Lane::blocked(BlockReason reason) {
  if (reason != reason_) host_->lane_blocked(reason);
  reason_ = reason;
  return Step::kBlocked;
}

Status Lane::settle_rejects() {
  LT_ASSIGN_OR_RETURN(const int64_t fresh, refused_.settle(open_));
  epoch_.rejected += fresh;
  return {};
}

void Lane::count(int64_t records, int64_t bytes) {
  if (epoch_.records == 0 && records > 0) host_->lane_has_rows(open_);
  host_->lane_has_read(records);
  epoch_.records += records;
  bytes_ += bytes;
  if (!full_ && (epoch_.records >= limits_.records_max || bytes_ >= limits_.bytes_max)) {
    full_ = true;
    host_->lane_is_full(open_);
  }
}

}  // namespace laketide
