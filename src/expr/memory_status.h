// What Arrow says of memory, in the product's words.
#pragma once

#include <string>
#include <utility>

#include <arrow/result.h>
#include <arrow/status.h>

#include "laketide/status.h"

namespace laketide::expr {

/// Memory that the run's pool refuses is the user's to change (`kUser` memory_exceeded); all else is our mistake.
inline Status memory_status(const arrow::Status& status) {
  if (status.ok()) return {};
  if (!status.IsOutOfMemory() && !status.IsCapacityError()) return Status::internal("arrow", status.ToString());
  return Status::user("memory_exceeded", "the groups of an aggregate need more memory than their pool has; raise engine.memory or the pool's memory, "
                                         "or let windows end sooner: " + status.message());
}

template <typename T>
Result<T> memory_result(arrow::Result<T> result) {
  if (!result.ok()) return memory_status(result.status());
  return std::move(result).ValueUnsafe();
}

}  // namespace laketide::expr
