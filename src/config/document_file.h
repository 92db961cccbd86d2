// Documents on disk, and the problems found in them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/document.h"

namespace laketide::config {

/// Reads and parses a file. None, and a problem, if that fails.
std::optional<std::string> read_text(const std::string& file, std::vector<Problem>& problems);
std::optional<Node> read_document(const std::string& file, std::vector<Problem>& problems);

/// Puts the problems from the `first` on in the order of their places.
void sort_by_place(std::vector<Problem>& problems, size_t first);
/// The problems from the `first` on as one failure of code `invalid_config`; its field is that of the first.
Status summary_of(const std::vector<Problem>& problems, size_t first);

}  // namespace laketide::config
