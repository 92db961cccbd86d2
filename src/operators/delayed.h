// An operator whose rows come later than the watermark says.
#pragma once

#include <cstdint>
#include <memory>

#include "flow/operator.h"

namespace laketide {

/// Tells `inner` a watermark that is so many microseconds behind: that of the rows which reach it.
std::unique_ptr<Operator> make_delayed(std::unique_ptr<Operator> inner, int64_t lag);

}  // namespace laketide
