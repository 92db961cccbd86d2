#include "execution/tail.h"

#include <algorithm>
#include <utility>

#include "execution/collector.h"

namespace laketide {

class FanOut final : public Writer {
 public:
  explicit FanOut(std::vector<std::unique_ptr<Chain>> branches) : branches_(std::move(branches)) {}

  void begin(const EpochInfo& info) {
    info_ = info;
    staged_.clear();
    staged_.resize(branches_.size());
    rows_out_.assign(branches_.size(), 0);
  }

  // Blocked: offered the same batch again, it goes on with the branch that had no room.
  Result<Step> write(const Batch& batch, Rejects& rejects) override {
    for (; at_ < branches_.size(); ++at_) {
      const bool first = !std::exchange(offered_, true);
      LT_ASSIGN_OR_RETURN(const Step step, branches_[at_]->feed(first ? batch : nullptr, rejects));
      if (step == Step::kBlocked) return step;
      offered_ = false;
    }
    at_ = 0;
    return Step::kReady;
  }

  Result<Step> end_epoch(EpochId, std::unique_ptr<Staged>& staged, Rejects& rejects) override {
    for (; at_ < branches_.size(); ++at_) {
      rows_out_[at_] = branches_[at_]->rows_out();
      LT_ASSIGN_OR_RETURN(const Step step, branches_[at_]->end_epoch(info_, staged_[at_], rejects));
      if (step != Step::kDone) return step;
    }
    at_ = 0;
    staged = std::make_unique<CollectedRows>();
    return Step::kDone;
  }

  StagedList take_staged() { return std::exchange(staged_, {}); }
  const std::vector<int64_t>& rows_out() const { return rows_out_; }

 private:
  std::vector<std::unique_ptr<Chain>> branches_;
  EpochInfo info_;
  size_t at_ = 0;
  bool offered_ = false;  // the branch at_ has the batch and keeps what it has no room for
  StagedList staged_;
  std::vector<int64_t> rows_out_;
};

TailParts::One make_tail_chain(std::vector<std::unique_ptr<Operator>> operators, std::vector<std::unique_ptr<Chain>> branches) {
  auto fan_out = std::make_unique<FanOut>(std::move(branches));
  TailParts::One one;
  one.fan_out = fan_out.get();
  one.chain = std::make_unique<Chain>(std::move(operators), std::move(fan_out));
  return one;
}

Tail::Tail(TailParts parts, state::StateStore* store, BadRecordPolicy policy, std::string pipeline, TailHost* host)
    : Part("tail", std::move(pipeline), host),
      parts_(std::move(parts)),
      store_(store),
      host_(host),
      refused_(policy, parts_.quarantine.get(), this->pipeline(), parts_.context->clock) {}

void Tail::begin(const EpochInfo& info, std::vector<std::vector<TailInput>> collected) {
  const MutexLock lock(mutex_);
  next_info_ = info;
  next_ = std::move(collected);
}

Result<Step> Tail::advance() {
  if (!collected_) {
    const MutexLock lock(mutex_);
    if (!next_) return Step::kBlocked;
    collected_ = std::exchange(next_, std::nullopt);
    info_ = next_info_;
    parts_.context->epoch = info_.id;
    parts_.context->now = info_.now;
    for (const auto& one : parts_.tails) one.fan_out->begin(info_);
  }
  return tail_ < parts_.tails.size() ? feed() : finish();
}

Result<Step> Tail::feed() {
  std::vector<TailInput>& inputs = (*collected_)[tail_];
  while (batches_.empty() && input_ < inputs.size()) {
    port_ = inputs[input_].port;
    batches_ = static_cast<CollectedRows&>(*inputs[input_++].rows).take();
    std::ranges::reverse(batches_);
  }
  TailParts::One& one = parts_.tails[tail_];
  if (held_ || !batches_.empty()) {
    Batch batch;
    if (!held_) {
      batch = std::move(batches_.back());
      batches_.pop_back();
    }
    LT_ASSIGN_OR_RETURN(const Step step, one.chain->feed(std::move(batch), refused_.rejects(), port_));
    held_ = step == Step::kBlocked;
    if (held_) return step;
  } else {
    std::unique_ptr<Staged> staged;
    LT_ASSIGN_OR_RETURN(const Step step, one.chain->end_epoch(info_, staged, refused_.rejects()));
    if (step != Step::kDone) return step;
    epoch_.staged.push_back(one.fan_out->take_staged());
    epoch_.rows_out.push_back(one.fan_out->rows_out());
    inputs.clear();
    input_ = 0;
    ++tail_;
  }
  LT_ASSIGN_OR_RETURN(const int64_t refused, refused_.settle(info_.id));
  epoch_.rejected += refused;
  return Step::kReady;
}

Result<Step> Tail::finish() {
  LT_ASSIGN_OR_RETURN(const Step step, refused_.end_epoch(info_.id, epoch_.quarantined));
  if (step != Step::kDone) return step;
  if (store_ != nullptr) {
    LT_ASSIGN_OR_RETURN(epoch_.state, store_->freeze(parts_.tables));
  }
  epoch_.size = {parts_.tables.rows(), parts_.tables.bytes()};
  tail_ = 0;
  collected_.reset();
  host_->tail_closed(std::exchange(epoch_, {}));
  return Step::kReady;
}

}  // namespace laketide
