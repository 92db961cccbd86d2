#include "execution/offset_mirror.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace laketide {
namespace {
constexpr std::chrono::milliseconds kEvery{1000}, kTimeout{5000}, kLastTimeout{1000};
}  // namespace

OffsetMirror::OffsetMirror(std::string pipeline, std::shared_ptr<Source> source, Scheduler& scheduler, IoActor watcher, StopToken halt)
    : pipeline_(std::move(pipeline)), source_(std::move(source)), scheduler_(scheduler), watcher_(std::move(watcher)), halt_(std::move(halt)) {}

void OffsetMirror::committed(const Positions& next) {
  std::chrono::milliseconds pause{0};
  {
    const MutexLock lock(mutex_);
    const bool due = untold_.has_value();
    untold_ = next;
    if (due) return;
    const auto left = told_at_ + kEvery - std::chrono::steady_clock::now();
    pause = std::max(pause, std::chrono::ceil<std::chrono::milliseconds>(left));
  }
  scheduler_.after(pause, watcher_, [self = shared_from_this()] { self->tell(kTimeout); });
}

void OffsetMirror::finish() { tell(kLastTimeout); }

void OffsetMirror::tell(std::chrono::milliseconds limit) {
  std::optional<Positions> next;
  {
    const MutexLock lock(mutex_);
    next = std::exchange(untold_, std::nullopt);
    told_at_ = std::chrono::steady_clock::now();
  }
  if (!next || halt_.stop_requested()) return;
  const Status told = source_->mirror(*next, Wait::for_at_most(limit, halt_));
  if (!told.ok()) log::debug("offsets were not mirrored", {{"pipeline", pipeline_}, {"reason", told.to_string()}});
}

}  // namespace laketide
