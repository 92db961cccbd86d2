#include "fuzz/target.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace laketide::fuzz {

void must(bool holds, std::string_view what, std::string_view detail) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %.*s\n%.*s\n", static_cast<int>(what.size()), what.data(), static_cast<int>(detail.size()), detail.data());
  std::abort();
}

void must_be_refusal(const Status& status) { must(status.fault() != Fault::kInternal, "an internal failure", status.to_string()); }

}  // namespace laketide::fuzz

/// What libFuzzer calls, and replay.cc.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  laketide::fuzz::read_bytes({reinterpret_cast<const char*>(data), size});
  return 0;
}
