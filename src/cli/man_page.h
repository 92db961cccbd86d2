// The manual page, from the same table as the help.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace laketide::cli {

/// All commands of the program as roff for man(1). It names no version, so it changes when the commands do.
std::string man_page(const CLI::App& app);

}  // namespace laketide::cli
