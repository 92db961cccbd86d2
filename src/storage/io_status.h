// Words for what the operating system refuses.
#pragma once

#include <string_view>

#include "laketide/status.h"

namespace laketide::storage {

/// The fault and the codes that Store names, from an errno. `did` completes "could not …".
Status io_status(int error, std::string_view did, std::string_view path);

}  // namespace laketide::storage
