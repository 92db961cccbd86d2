#pragma once

namespace laketide {

/// Version of this build, "major.minor.patch". Static storage, never null.
const char* version() noexcept;

/// Git commit this build was made from, abbreviated, with "-dirty" where the tree had changes; "unknown" outside a clone and in
/// builds that are not stamped. Static storage, never null.
const char* commit() noexcept;

}  // namespace laketide
