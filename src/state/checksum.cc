#include "state/checksum.h"

#define XXH_INLINE_ALL
#include <arrow/vendored/xxhash.h>

namespace laketide::state {

uint64_t checksum_of(std::string_view bytes, uint64_t seed) { return XXH64(bytes.data(), bytes.size(), seed); }

}  // namespace laketide::state
