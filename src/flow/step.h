// What a piece of a lane answers when asked to do some work.
#pragma once

#include <cstdint>

namespace laketide {

/// Ready: done, ask with the next input. More: there is more from the same input, call again. Blocked: nothing can be
/// done now; the context's waker will be called when that changes, and the context says why. Done: never anything again.
enum class Step { kReady, kMore, kBlocked, kDone };

/// How much one call may do: it returns after about that much, whichever comes first. Immutable.
struct Budget {
  int64_t rows_max = 4096;
  int64_t bytes_max = 1 << 20;
};

}  // namespace laketide
