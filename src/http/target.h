// A request's target taken apart: path segments and query parameters, decoded.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "laketide/status.h"

namespace laketide::http {

/// "/stream/my%20name/?limit=5" → {"stream", "my name"}, {{"limit","5"}}. Immutable.
struct Target {
  std::vector<std::string> segments;
  std::vector<std::pair<std::string, std::string>> query;
};

/// `host` is what the Host field says: a target in absolute form must name the same. One trailing slash is ignored; an
/// empty segment, a dot segment, a bad escape or an encoded control byte is refused.
Result<Target> parse_target(std::string_view target, std::string_view host);

}  // namespace laketide::http
