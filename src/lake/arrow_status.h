// Arrow's word for a failure, in ours.
#pragma once

#include <string_view>

#include <arrow/type_fwd.h>

#include "laketide/status.h"

namespace laketide::lake {

/// `doing` says what was tried ("write Parquet"). Out of memory is the run's own fault; the rest is a broken invariant of
/// ours or a broken file, and `code` names it.
Status from_arrow(const arrow::Status& status, std::string_view doing, const char* code = "parquet_error");

}  // namespace laketide::lake
