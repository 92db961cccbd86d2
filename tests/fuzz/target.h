// One reader under bytes that nobody meant: what a target defines, and how it says that the reader was wrong.
#pragma once

#include <string>
#include <string_view>

#include "laketide/status.h"

namespace laketide::fuzz {

/// Gives the bytes to the target's reader and checks what it makes of them. Each target's file defines it; the program is linked with one.
/// The bytes end where they end: nothing readable stands behind them.
void read_bytes(std::string_view bytes);

/// Ends the process, saying `what` and `detail`, unless it holds.
void must(bool holds, std::string_view what, std::string_view detail = {});
/// A reader may refuse its input, but not call the refusal its own mistake.
void must_be_refusal(const Status& status);

}  // namespace laketide::fuzz
