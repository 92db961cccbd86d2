// What a thread does first that others wait for.
#pragma once

#include <string>

namespace laketide {

/// Has the calling thread let in soon when it wakes, however busy the machine is.
void let_in_soon();

/// The same, and names it as tools show it (at most 15 letters).
void begin_thread(const std::string& name);

}  // namespace laketide
