#include "sinks/postgres/library_version.h"

#include <libpq-fe.h>

namespace laketide {

std::string libpq_version() { return std::to_string(PQlibVersion() / 10000) + "." + std::to_string(PQlibVersion() % 10000); }

}  // namespace laketide
