// The valid name that a mistyped one most likely meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace laketide {

/// The candidate with the fewest single-letter changes (swapped neighbours count as one, case and - _ . as nothing), if
/// they are few enough to be a slip: at most a third of the letters, or one name begins with the other. Empty
/// if there is none.
std::string nearest_name(std::string_view name, const std::vector<std::string_view>& candidates);

}  // namespace laketide
