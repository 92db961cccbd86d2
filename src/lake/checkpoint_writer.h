// Writes a classic checkpoint: the whole state of one version in one Parquet file.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/wait.h"
#include "lake/table_state.h"
#include "laketide/status.h"
#include "storage/store.h"

namespace laketide::lake {

/// Commits between two checkpoints: the table's delta.checkpointInterval, else 100, and more (to 1,000) as the last
/// checkpoint, of `last_actions` rows, became so large that writing it that often would cost more than it saves.
int64_t checkpoint_interval(const TableState& state, int64_t last_actions);

/// Writes the checkpoint of `state`'s version, durably, then `_last_checkpoint`; the number of its rows. The previous
/// checkpoint is copied through batch by batch, so that memory holds the commits behind it and not the table. Every
/// field but map keys is nullable: readers have stumbled over anything else.
Result<int64_t> write_checkpoint(storage::Store& store, const std::string& table_path, const TableState& state, Instant now,
                                 const Wait& wait);

}  // namespace laketide::lake
