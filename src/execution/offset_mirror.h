// Shows lag tools how far a stream has come.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/positions.h"
#include "base/wait.h"
#include "flow/source.h"
#include "scheduler/scheduler.h"

namespace laketide {

/// Tells the source what was committed (`Source::mirror`): once a second at most, always the newest positions, and on the watcher's actor, so
/// that no commit waits for it. A failure is logged. Thread-safe.
class OffsetMirror : public std::enable_shared_from_this<OffsetMirror> {
 public:
  OffsetMirror(std::string pipeline, std::shared_ptr<Source> source, Scheduler& scheduler, IoActor watcher, StopToken halt);

  void committed(const Positions& next);
  /// What has not been told yet, at once, for a second at most; nothing once `halt` has fired. Blocks.
  void finish();

 private:
  void tell(std::chrono::milliseconds limit);

  const std::string pipeline_;
  const std::shared_ptr<Source> source_;
  Scheduler& scheduler_;
  const IoActor watcher_;
  const StopToken halt_;
  Mutex mutex_;
  std::optional<Positions> untold_ LT_GUARDED_BY(mutex_);
  SteadyTime told_at_ LT_GUARDED_BY(mutex_){};
};

}  // namespace laketide
