#include "execution/coordinator.h"

namespace laketide {

// The first epoch closes as soon as it has rows (PRODUCT §7): its predecessor counts as closed one interval ago.
EpochCoordinator::EpochCoordinator(const EpochRhythm& rhythm, SteadyTime now)
    : rhythm_(rhythm), closed_at_(now - rhythm.interval) {}

Act EpochCoordinator::on_rows(SteadyTime now) {
  has_rows_ = true;
  return consider(now);
}

Act EpochCoordinator::on_full(SteadyTime now) {
  full_ = true;
  return consider(now);
}

Act EpochCoordinator::on_time(SteadyTime now) { return consider(now); }

Act EpochCoordinator::on_drained(SteadyTime now) {
  ++drained_;
  return consider(now);
}

Act EpochCoordinator::on_silence(SteadyTime now) {
  return state_ == State::kFilling && !rhythm_.one_epoch ? close(now) : Act::kWait;
}

Act EpochCoordinator::on_stop(SteadyTime now) {
  stopping_ = true;
  return consider(now);
}

Act EpochCoordinator::on_closed(bool has_something, SteadyTime now) {
  has_something_ |= has_something;
  if (++closed_ < rhythm_.lanes) return Act::kWait;
  if (!has_something_) return after_epoch(now);
  state_ = State::kCommitting;
  return Act::kCommit;
}

Act EpochCoordinator::on_committed(SteadyTime now) { return after_epoch(now); }

std::optional<SteadyTime> EpochCoordinator::deadline() const {
  if (state_ != State::kFilling || !has_rows_ || rhythm_.one_epoch) return std::nullopt;
  return closed_at_ + rhythm_.interval;
}

// Events that come while an epoch closes or commits are remembered and considered when the next one is open.
Act EpochCoordinator::consider(SteadyTime now) {
  if (state_ != State::kFilling) return Act::kWait;
  if (stopping_ || drained_ == rhythm_.lanes) return close(now);
  if (rhythm_.one_epoch) return Act::kWait;
  if (full_ || (has_rows_ && now >= closed_at_ + rhythm_.interval)) return close(now);
  return Act::kWait;
}

Act EpochCoordinator::close(SteadyTime now) {
  // Late by less than an interval: those that follow are not late with it.
  const SteadyTime due = closed_at_ + rhythm_.interval;
  closed_at_ = now >= due && now - due < rhythm_.interval ? due : now;
  state_ = State::kClosing;
  final_ = stopping_ || drained_ == rhythm_.lanes;
  has_rows_ = full_ = has_something_ = false;
  closed_ = 0;
  return Act::kClose;
}

// A stop or a drain that came after the close does not end the stage yet: lanes may have read on in between.
Act EpochCoordinator::after_epoch(SteadyTime now) {
  if (final_) {
    state_ = State::kEnded;
    return Act::kEnd;
  }
  state_ = State::kFilling;
  return consider(now);
}

}  // namespace laketide
