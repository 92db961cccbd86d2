// GET /openapi.json.
#pragma once

#include <string>

namespace laketide::http {

/// An OpenAPI 3.1 document of exactly what the route table serves.
std::string openapi();

}  // namespace laketide::http
