// The seam to a source's event time: what a lane has seen of it.
#pragma once

#include <map>

#include "base/clock.h"
#include "base/positions.h"
#include "flow/batch.h"
#include "flow/rejects.h"
#include "laketide/status.h"

namespace laketide {

/// Watches the event time of one lane's rows, behind the decoder. Confined to its task.
class EventTimes {
 public:
  using Newest = std::map<SourcePartition, Instant>;
  virtual ~EventTimes() = default;
  /// Notes the rows' times; refuses those without one, and leaves the others in `rows` (null: none).
  virtual Status observe(Batch& rows, Rejects& rejects) = 0;
  /// The largest time of each partition since the last call; times further ahead of the clock than allowed do not count.
  virtual Newest take() = 0;
};

}  // namespace laketide
