// The service file's table of fields: sections, keys, limits and the line of documentation of each.
#pragma once

#include <vector>

#include "config/reader.h"
#include "config/service_config.h"

namespace laketide::config {

/// Fields that set the members of `config`, which must outlive them.
std::vector<Field> service_fields(ServiceConfig& config);

/// One entry under `pools:`.
std::vector<Field> pool_fields(PoolConfig& pool);

/// The pools that are there without a file.
std::map<std::string, PoolConfig> default_pools();

}  // namespace laketide::config
