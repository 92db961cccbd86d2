// The functions by what they are about, for documentation and the tests that look whether each is tested.
#pragma once

#include <string_view>
#include <vector>

#include "expr/function.h"

namespace laketide::expr {

/// Functions of one kind. Immutable.
struct FunctionFamily {
  std::string_view title;
  std::vector<const Function*> functions;
};

/// All of them, in the order of registration. What it points at lives as long as the process.
std::vector<FunctionFamily> function_families();

}  // namespace laketide::expr
