// What an io thread makes ready while a lane works on what was ready before.
#pragma once

#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "flow/step.h"
#include "laketide/status.h"

namespace laketide {

/// Where closures go that may block, one after another: `IoActor::post` with its actor bound.
using IoPost = std::function<void(std::function<void()> work)>;

/// Pieces that `make` yields, in order, held until a reader takes them: `make` runs on io threads, and rests while pieces of `bytes_max`
/// wait. A piece may exceed the bound alone. Owned by a reader; its destructor drops what waits, and waits for a `make` that runs: so
/// what `make` uses needs to live no longer than this. Thread-safe.
template <typename Piece>
class ReadAhead {
 public:
  struct Made {
    Piece piece;
    int64_t bytes = 0;
  };
  /// None: that was all. After a failure it is not called again.
  using Make = std::function<Result<std::optional<Made>>()>;

  ReadAhead(IoPost post, int64_t bytes_max, std::function<void()> wake, Make make)
      : post_(std::move(post)), state_(std::make_shared<State>(bytes_max, std::move(wake), std::move(make))) {}

  ~ReadAhead() {
    {
      const MutexLock lock(state_->mutex);
      state_->dropped = true;
      state_->ready.clear();
    }
    const MutexLock rested(state_->working);
    state_->make = nullptr;
  }
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  /// kReady: `out` is the next piece. kBlocked: none is ready; `wake` will be called. kDone: all are taken.
  Result<Step> take(Piece& out) {
    const Result<Step> step = take_ready(out);
    if (need_more()) post_([state = state_] { run(*state); });
    return step;
  }

 private:
  struct State {
    State(int64_t most, std::function<void()> wakes, Make makes) : bytes_max(most), wake(std::move(wakes)), make(std::move(makes)) {}

    const int64_t bytes_max;
    const std::function<void()> wake;  // called under `mutex`, so not after the owner is gone
    Mutex working;                     // taken before `mutex`
    Make make LT_GUARDED_BY(working);
    Mutex mutex;
    std::deque<Made> ready LT_GUARDED_BY(mutex);
    int64_t bytes LT_GUARDED_BY(mutex) = 0;
    Status failure LT_GUARDED_BY(mutex);
    bool starved LT_GUARDED_BY(mutex) = false;  // the reader waits to be woken
    bool posted LT_GUARDED_BY(mutex) = false;
    bool ended LT_GUARDED_BY(mutex) = false;
    bool dropped LT_GUARDED_BY(mutex) = false;
  };

  Result<Step> take_ready(Piece& out) {
    const MutexLock lock(state_->mutex);
    if (!state_->ready.empty()) {
      out = std::move(state_->ready.front().piece);
      state_->bytes -= state_->ready.front().bytes;
      state_->ready.pop_front();
      return Step::kReady;
    }
    if (!state_->failure.ok()) return state_->failure;
    state_->starved = !state_->ended;
    return state_->ended ? Step::kDone : Step::kBlocked;
  }

  // Half empty before it goes on: a wake-up of a thread for each piece would cost more than the piece.
  bool need_more() {
    const MutexLock lock(state_->mutex);
    if (state_->posted || state_->ended || state_->bytes > state_->bytes_max / 2) return false;
    state_->posted = true;
    return true;
  }

  static void run(State& state) {
    const MutexLock working(state.working);
    while (goes_on(state)) take_made(state, guarded(state.make));
  }

  static bool goes_on(State& state) {
    const MutexLock lock(state.mutex);
    state.posted = !state.dropped && !state.ended && (state.bytes < state.bytes_max || state.ready.empty());
    return state.posted;
  }

  static Result<std::optional<Made>> guarded(const Make& make) {
    try {
      return make();
    } catch (const std::exception& escaped) {
      return Status::internal("read_ahead", std::string("an exception ended the reading of a source; report it. ") + escaped.what());
    }
  }

  static void take_made(State& state, Result<std::optional<Made>> made) {
    const MutexLock lock(state.mutex);
    state.ended = !made.ok() || !*made;
    if (!made.ok()) state.failure = made.status();
    if (state.dropped) return;
    if (!state.ended) {
      state.bytes += (*made)->bytes;
      state.ready.push_back(std::move(**made));
    }
    if (std::exchange(state.starved, false)) state.wake();
  }

  const IoPost post_;
  const std::shared_ptr<State> state_;
};

}  // namespace laketide
