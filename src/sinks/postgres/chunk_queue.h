// Between the writers, which encode, and the connection, which copies: a queue bounded in bytes.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"
#include "laketide/status.h"
#include "sinks/postgres/chunk.h"

namespace laketide::postgres {

/// Chunks of all targets and lanes in the order they were finished. Chunks of the epoch that is open on the connection
/// can be taken; those of later epochs wait until `advance`. Each of the two kinds may use half of the budget, so that a
/// lane that runs ahead cannot shut out one that still has the open epoch to finish; one chunk per lane may go over.
///
/// An epoch's number is only known when its first writer ends it. Until then its chunks bear kOpenEpoch.
/// Thread-safe.
class ChunkQueue {
 public:
  explicit ChunkQueue(size_t bytes_max) : bytes_max_(bytes_max) {}

  /// A writer of this term may push; `cancelled` later means that its epoch was abandoned.
  uint64_t term() const;
  /// Whether a chunk of `epoch` may be begun. No: `wake` is called once, when it is worth asking again.
  Result<bool> admit(uint64_t term, int64_t epoch, std::function<void()> wake);
  /// Takes the chunk in any case, if the term still runs. True: the connection has work that it was not told of.
  Result<bool> push(Chunk chunk);
  /// The first writer to end an epoch gives the open one its number; no effect if it has one.
  void name_open(EpochId epoch);
  /// Everything up to `epoch` may be taken: every writer has ended it.
  void open_through(EpochId epoch);

  /// The next chunks of one target, up to about `bytes`; empty if there is nothing to do now. They count in the budget
  /// until `release`.
  std::vector<Chunk> take(size_t bytes);
  void release(const std::vector<Chunk>& chunks);

  /// Nothing is taken between `hold` (the open epoch is prepared) and `advance` (it is committed; `next` is open now).
  void hold();
  void advance(EpochId next);

  /// Ends the term of all writers and drops the chunks of `epoch` and later; all, without one.
  void drop(std::optional<EpochId> epoch);
  /// No number for the open epoch, no hold, no failure: as new, but for the chunks.
  void reopen();
  /// Writers get this from now on, until `reopen` or `forgive`.
  void fail(Status failure);
  void forgive();
  Status failure() const;
  /// True if `take` would give something.
  bool has_work() const;

 private:
  bool is_open(int64_t epoch) const LT_REQUIRES(mutex_) { return epoch == Chunk::kOpenEpoch || (open_ && epoch <= open_->value); }
  void recount() LT_REQUIRES(mutex_);
  std::vector<std::function<void()>> take_waiting() LT_REQUIRES(mutex_);

  const size_t bytes_max_;
  mutable Mutex mutex_;
  std::deque<Chunk> chunks_ LT_GUARDED_BY(mutex_);
  uint64_t term_ LT_GUARDED_BY(mutex_) = 0;
  std::optional<EpochId> open_ LT_GUARDED_BY(mutex_);
  bool held_ LT_GUARDED_BY(mutex_) = false;
  size_t open_bytes_ LT_GUARDED_BY(mutex_) = 0;
  size_t later_bytes_ LT_GUARDED_BY(mutex_) = 0;
  size_t taken_bytes_ LT_GUARDED_BY(mutex_) = 0;
  Status failure_ LT_GUARDED_BY(mutex_);
  std::vector<std::function<void()>> waiting_ LT_GUARDED_BY(mutex_);
};

}  // namespace laketide::postgres
