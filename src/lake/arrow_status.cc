#include "lake/arrow_status.h"

#include <string>

#include <arrow/status.h>

namespace laketide::lake {

Status from_arrow(const arrow::Status& status, std::string_view doing, const char* code) {
  if (status.ok()) return {};
  if (status.IsOutOfMemory()) {
    return Status::user("memory_exceeded", "the memory of this run's pool is used up while trying to " + std::string(doing) +
                                             "; raise engine.memory or the pool's memory, or lower lanes: " + status.message());
  }
  return Status::internal(code, "could not " + std::string(doing) + ": " + status.ToString());
}

}  // namespace laketide::lake
