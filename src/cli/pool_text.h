// Pools for a person.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cli/terminal.h"

namespace laketide::cli {

/// A table of pools, with their warnings below it.
void print_pools(const nlohmann::ordered_json& pools, const Terminal& terminal);

}  // namespace laketide::cli
