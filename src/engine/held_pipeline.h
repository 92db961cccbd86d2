// Whether a service works on a pipeline that somebody wants to run beside it.
#pragma once

#include <string>

#include "laketide/status.h"

namespace laketide {

/// Fails `kUser` `pipeline_held` if a process holds `state_dir` and its user wants `pipeline` running or paused there: its rows would
/// come into the tables twice. What a service wanted that does not run is no matter.
Status refuse_held(const std::string& state_dir, const std::string& pipeline);

}  // namespace laketide
