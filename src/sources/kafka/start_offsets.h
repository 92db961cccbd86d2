// What an offset setting means in a topic: looked up in what the broker has.
#pragma once

#include <string>

#include "base/offset_setting.h"
#include "base/positions.h"
#include "laketide/status.h"

namespace laketide {

/// Offsets of the partitions that the setting names (of all for earliest, latest and a time) within what there is. `times` are the
/// answers of Source::at_time, and used for a time only. Fails `kUser` with the bounds in the detail: unknown_partition for one that
/// does not exist, offset_out_of_range for one that the broker cannot serve.
Result<Positions> resolve_offsets(const OffsetSetting& setting, const PartitionBounds& bounds, const Positions& times,
                                  const std::string& field);

}  // namespace laketide
