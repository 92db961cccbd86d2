// Files of a run as text, so that the run finds exactly these again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "laketide/status.h"
#include "lake/actions.h"
#include "sources/files/file_list.h"

namespace laketide {

/// Immutable.
struct PinnedFile {
  FoundFile file;
  int64_t rows = 0;
  lake::TextMap partition_values;  // of `column=value` folders
};

std::string to_pin(const std::vector<PinnedFile>& files);
Result<std::vector<PinnedFile>> from_pin(const std::string& text);

}  // namespace laketide
