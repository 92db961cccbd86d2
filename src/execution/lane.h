// One parallel copy of a run's chain: reads, decodes and feeds its share of the partitions to every sink.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "execution/part.h"
#include "execution/reject_outlet.h"
#include "flow/chain.h"
#include "flow/context.h"
#include "flow/decoder.h"
#include "flow/epoch.h"
#include "flow/event_times.h"
#include "flow/source.h"
#include "scheduler/scheduler.h"

namespace laketide {

/// What a lane hands over at an epoch's border. Confined to its task.
struct LaneEpoch {
  LaneId lane = 0;
  Positions next;
  std::map<SourcePartition, LastRecord> last_records;
  EventTimes::Newest event_times;  // of the partitions that had rows
  std::map<SourcePartition, int64_t> late_rows;
  std::vector<std::unique_ptr<Staged>> staged;  // one per chain of the lane, in their order; the quarantine's last
  int64_t records = 0;                          // taken from the source
  int64_t rejected = 0;
  int64_t refused_later = 0;                    // of `rejected`, those that the first chain took and another did not
  std::vector<int64_t> rows_out;                // per chain, as `staged`
};

/// How a lane reports to its run; called from the lane's task. Thread-safe.
class LaneHost : public virtual PartHost {
 public:
  virtual void lane_has_read(int64_t records) = 0;
  /// The time of an epoch, asked before a lane takes its first record; who asks first fixes it.
  virtual Instant epoch_opened(EpochId open) = 0;
  virtual void lane_has_rows(EpochId open) = 0;  // once per epoch, with its first record
  virtual void lane_is_full(EpochId open) = 0;   // once per epoch: it holds what an epoch may hold, and waits
  virtual void lane_is_drained() = 0; // once: all it was given is read
  virtual void lane_closed(LaneEpoch epoch) = 0;
  virtual void lane_blocked(BlockReason reason) = 0;  // when it changes
};

/// Everything a lane is made of; the context outlives the rest. Confined to its task.
struct LaneParts {
  std::unique_ptr<Context> context;
  std::unique_ptr<Reader> reader;
  std::unique_ptr<Decoder> decoder;            // null: the reader yields batches
  std::unique_ptr<EventTimes> event_times;     // null: the source has no event time
  std::vector<std::unique_ptr<Chain>> chains;  // one per sink that lanes write into, then one per tail
  std::unique_ptr<Writer> quarantine;          // null unless the policy is kQuarantine
};

/// Bounds of what one lane puts into one epoch. Immutable.
struct LaneLimits {
  int64_t records_max = INT64_MAX;
  int64_t bytes_max = INT64_MAX;
};

/// A task over LaneParts:
///
///   until stopped:  epoch to be closed?  end it in every chain, report, go on with the next
///                   input half-way?      go on feeding it
///                   full or drained?     wait to be closed
///                   else                 poll the reader, decode, feed every chain
///
/// `request_close` may come from any thread. Everything else: Confined to its task.
class Lane final : public Part {
 public:
  Lane(LaneParts parts, LaneLimits limits, BadRecordPolicy policy, std::string pipeline, EpochId first, LaneHost* host);

  /// Asks the lane to end its open epoch; `info.id` must be the one that is open. Wake the task after it.
  void request_close(const EpochInfo& info);

 private:
  Result<Step> advance() override;
  std::shared_ptr<void> take_parts() override { return std::make_shared<LaneParts>(std::move(parts_)); }
  Result<Step> read();
  Result<Step> take(std::variant<Records, Batch>& input);
  Result<Step> feed();
  Result<Step> close();
  Result<Step> blocked(BlockReason reason);
  Status settle_rejects();
  void count(int64_t records, int64_t bytes);

  LaneParts parts_;
  const LaneLimits limits_;
  LaneHost* const host_;

  std::atomic<bool> close_requested_{false};
  Mutex close_mutex_;
  std::optional<EpochInfo> close_info_ LT_GUARDED_BY(close_mutex_);

  EpochId open_;
  RejectOutlet refused_;
  Batch input_;            // being fed; null: none
  Records records_;        // what input_ was decoded from, until the next poll; no rows if the source has none
  bool offered_ = false;   // the chain at branch_ has taken input_ and keeps what its writer has no room for
  size_t refused_first_ = 0;  // of what is refused, up to the end of the first chain's turn at input_
  size_t branch_ = 0;      // the chain that it goes to next, or that ends its epoch next
  LaneEpoch epoch_;        // what the open epoch has so far
  int64_t bytes_ = 0;
  bool full_ = false;
  bool drained_ = false;
  BlockReason reason_ = BlockReason::kNone;
};

}  // namespace laketide
