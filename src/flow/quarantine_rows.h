// Rejects as rows of the quarantine table.
#pragma once

#include <span>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "flow/batch.h"
#include "flow/rejects.h"
#include "laketide/status.h"

namespace laketide {

/// pipeline text, epoch bigint, source text, topic text, partition int, offset bigint, timestamp timestamptz, key bytea,
/// value bytea, headers array of (key text, value bytea), stage text, code text, reason text, quarantined_at timestamptz
/// (PRODUCT §8).
Schema quarantine_schema();

/// One row for each reject, in their order.
Result<Batch> to_batch(std::span<const Reject> rejects, const std::string& pipeline, EpochId epoch, Instant quarantined_at);

}  // namespace laketide
