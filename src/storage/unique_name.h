// Names that nobody else will choose.
#pragma once

#include <string>

namespace laketide::storage {

/// A random UUID (version 4) in its usual spelling, lower case.
std::string make_uuid();

}  // namespace laketide::storage
