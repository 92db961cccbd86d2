// Which libpq this process uses.
#pragma once

#include <string>

namespace laketide {

/// "15.6"
std::string libpq_version();

}  // namespace laketide
