#include "flow/epoch.h"

namespace laketide {

uint64_t hash_key(const char* key, size_t size) {
  if (key == nullptr) return 0;
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < size; ++i) {
    hash ^= static_cast<unsigned char>(key[i]);
    hash *= 0x100000001b3;
  }
  return hash;
}

}  // namespace laketide
