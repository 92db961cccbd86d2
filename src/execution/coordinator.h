// Decides when an epoch closes and what follows: a state machine without threads or I/O.
#pragma once

#include <optional>

#include "base/wait.h"

namespace laketide {

/// How epochs of a stage are cut. Immutable.
struct EpochRhythm {
  Duration interval{};     // from one close to the next; one that comes late does not put off those after it
  int lanes = 1;
  bool one_epoch = false;  // close only when every lane has read all it was given (a job, `once`, a replay)
};

/// What is to be done now. Wait: nothing, until an event or `deadline()`. Close: tell every lane to end the open epoch.
/// Commit: all lanes have ended it and it has something to commit. End: the stage is over.
enum class Act { kWait, kClose, kCommit, kEnd };

/// One epoch is open at any time; lanes fill the next one while the caller commits. Every event answers with what is to be
/// done now; after Commit the caller reports `on_committed`.
///
///   Filling ──rows and interval over, full, drained, stop──► Closing ──all lanes closed──► Committing ──► Filling | Ended
///                                                                └────nothing in it────► Filling | Ended
///
/// Caller synchronises.
class EpochCoordinator {
 public:
  EpochCoordinator(const EpochRhythm& rhythm, SteadyTime now);

  Act on_rows(SteadyTime now);     // the open epoch has its first record
  Act on_full(SteadyTime now);     // a lane holds as much as an epoch may
  Act on_time(SteadyTime now);     // the deadline has come
  Act on_drained(SteadyTime now);  // a lane has read all it was given
  Act on_silence(SteadyTime now);  // an epoch is wanted without records; forgotten if none is open now
  Act on_stop(SteadyTime now);     // end the stage after what is open is committed
  /// A lane ended the epoch; `has_something`: it read records or moved in a way that must be kept.
  Act on_closed(bool has_something, SteadyTime now);
  Act on_committed(SteadyTime now);

  /// When `on_time` is due; none while nothing waits for time.
  std::optional<SteadyTime> deadline() const;
  /// True if the closing epoch is the stage's last because every lane is drained.
  bool last() const { return final_ && drained_ == rhythm_.lanes; }

 private:
  enum class State { kFilling, kClosing, kCommitting, kEnded };
  Act consider(SteadyTime now);
  Act close(SteadyTime now);
  Act after_epoch(SteadyTime now);

  const EpochRhythm rhythm_;
  State state_ = State::kFilling;
  SteadyTime closed_at_;   // when the lanes were to be told to end the previous epoch
  bool has_rows_ = false;  // of the open epoch: known before closing
  bool full_ = false;
  bool stopping_ = false;
  bool final_ = false;          // the closing epoch is the last of the stage
  bool has_something_ = false;  // of the closing epoch, as its lanes reported
  int drained_ = 0;
  int closed_ = 0;
};

}  // namespace laketide
