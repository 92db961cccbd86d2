// Streams for a person.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cli/terminal.h"

namespace laketide::cli {

/// Why a stream is stalled or failed; nothing if it is neither.
void print_stream_error(const nlohmann::ordered_json& stream, const Terminal& terminal);
/// The answer of GET /stream: a table, with the faults below it.
void print_streams(const nlohmann::ordered_json& answer, const Terminal& terminal);

}  // namespace laketide::cli
