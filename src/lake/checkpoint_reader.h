// Reads what a checkpoint of any form holds (protocol: "Checkpoints").
#pragma once

#include <functional>
#include <string>

#include "base/wait.h"
#include "lake/actions.h"
#include "lake/log_segment.h"
#include "laketide/status.h"
#include "storage/store.h"

namespace laketide::lake {

/// Calls `take` for each action of the checkpoint, in no order: classic V1, multi-part, and V2 with its sidecars (as JSON or
/// Parquet). Without Detail::kFiles neither files nor sidecars are read, and a big table costs little.
Status read_checkpoint(storage::Store& store, const std::string& table_path, const CheckpointFiles& files, Detail detail,
                       const Wait& wait, const std::function<Status(Action&&)>& take);

}  // namespace laketide::lake
