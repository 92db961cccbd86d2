// From a field's name back to where its value stands in the file.
#pragma once

#include <string_view>

#include "config/document.h"

namespace laketide::config {

/// The value at a dotted path such as `sinks[0].delta.key`, or null. The keys are as the document spells them.
const Node* find_value(const Node& root, std::string_view path);
/// The innermost value on the way of the path that is there; `root` at worst.
const Node& nearest_value(const Node& root, std::string_view path);

/// Where line and column of a scalar's text (from 1, counted in characters) stand in `document`, the text it was read from. A text
/// that was folded or escaped has no such place: then `line` of the answer is 0.
Place place_within(const Node& scalar, std::string_view document, int line, int column);

}  // namespace laketide::config
