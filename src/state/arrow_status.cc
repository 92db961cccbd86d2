#include "state/arrow_status.h"

#include <string>

#include <arrow/status.h>

namespace laketide::state {

Status from_arrow(const arrow::Status& status, std::string_view doing) {
  if (status.ok()) return {};
  if (status.IsOutOfMemory()) {
    return Status::user("memory_exceeded", "the memory of this run's pool is used up while trying to " + std::string(doing) +
                                             "; raise engine.memory or the pool's memory, or lower lanes: " + status.message());
  }
  return Status::internal("state_error", "could not " + std::string(doing) + ": " + status.ToString());
}

}  // namespace laketide::state
