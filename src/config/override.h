// Settings from the environment and from --set, laid over a service file's tree.
#pragma once

#include <string>
#include <vector>

#include "config/document.h"

namespace laketide::config {

/// LAKETIDE_SERVER__LISTEN=… sets server.listen. Two underscores part the names; in names of pools an underscore stands
/// for a hyphen, in settings of kafka.client for a dot. A value that begins with [ or { is read as YAML; any other is the
/// text itself: variables are not expanded. Variables of other programs (no two underscores, and no key's name) are left
/// alone.
void apply_environment(Node& root, std::vector<Problem>& problems);

/// "server.listen=127.0.0.1:0". Whatever follows `kafka.client.` is one setting's name.
void apply_set(Node& root, const std::string& set, std::vector<Problem>& problems);

}  // namespace laketide::config
