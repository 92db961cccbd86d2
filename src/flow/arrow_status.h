// Arrow's failures in the product's words.
#pragma once

#include <arrow/status.h>

#include "laketide/status.h"

namespace laketide {

/// Memory that the run's pool refuses is the user's to change (`kUser` memory_exceeded); all else is our mistake (`kInternal`).
inline Status from_arrow(const arrow::Status& status) {
  if (status.ok()) return {};
  if (status.IsOutOfMemory()) {
    return Status::user("memory_exceeded", "the run needs more memory than its pool has; raise engine.memory or the pool's memory: " +
                                               status.message());
  }
  return Status::internal("arrow", status.ToString());
}

}  // namespace laketide
