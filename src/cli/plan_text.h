// A pipeline's plan for a person.
#pragma once

#include <ostream>

#include "cli/file_check.h"

namespace laketide::cli {

/// Where it reads, what it asks, where it writes and by which steps, when it commits and when it starts.
void print_plan(const CheckedPipeline& pipeline, std::ostream& out);

}  // namespace laketide::cli
