// The checksum of state files.
#pragma once

#include <cstdint>
#include <string_view>

namespace laketide::state {

/// XXH64 (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md). `seed` binds it to what came before.
uint64_t checksum_of(std::string_view bytes, uint64_t seed = 0);

}  // namespace laketide::state
