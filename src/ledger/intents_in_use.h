// A look into the ledger of another process.
#pragma once

#include <map>
#include <string>

#include "laketide/status.h"

namespace laketide {

/// What the process that holds `state_dir` now wants of its pipelines: pipeline → running | paused | stopped. Empty if none holds it,
/// or there is no such directory: what nobody works on is in nobody's way. Fails `kUser` `state_dir` where that cannot be looked at.
Result<std::map<std::string, std::string>> intents_in_use(const std::string& state_dir);

}  // namespace laketide
