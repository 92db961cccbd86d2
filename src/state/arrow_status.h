// Arrow's word for a failure, in ours.
#pragma once

#include <string_view>

#include <arrow/type_fwd.h>

#include "laketide/status.h"

namespace laketide::state {

/// `doing` says what was tried ("write state"). Out of memory is the run's own fault; the rest is a broken invariant of ours.
Status from_arrow(const arrow::Status& status, std::string_view doing);

}  // namespace laketide::state
