// Variables in files: ${NAME}, ${NAME:-default}, ${file:/path}.
#pragma once

#include <string>
#include <string_view>

#include "laketide/status.h"

namespace laketide::config {

/// Whether `text` names a variable. `$${` is a literal `${` and names none.
bool has_variable(std::string_view text);

/// Replaces every variable by its value, once: values are not expanded again, and stay text, so they cannot change the
/// document's structure. A file's last newline is dropped. Fails, naming the variable and never its value, if one is not
/// set, a file cannot be read or is larger than 64 KiB, or a brace is not closed.
Result<std::string> expand(std::string_view text);

}  // namespace laketide::config
