// conf/api.md: the API for people.
#pragma once

#include <string>

namespace laketide::http {

/// Markdown of the route table and of every schema that a body has: what /openapi.json says, to be read.
std::string api_page();

}  // namespace laketide::http
