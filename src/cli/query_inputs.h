// What a query on the command line reads, as the sources of a document.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cli/sql.h"
#include "laketide/status.h"

namespace laketide::cli {

/// Puts `source`, or `sources` where there are several, into `document`. Fails `kUser` wrong_use.
Status add_inputs(const SqlOptions& options, nlohmann::json& document);

}  // namespace laketide::cli
