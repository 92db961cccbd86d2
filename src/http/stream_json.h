// What the engine says, in the API's words.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "http/message.h"
#include "laketide/engine.h"

namespace laketide::http {

nlohmann::ordered_json started_json(const StreamStatus& stream);
nlohmann::ordered_json stream_json(const StreamStatus& stream);
nlohmann::ordered_json receipt_json(const EpochReceipt& receipt);
nlohmann::ordered_json reset_json(const ResetReport& report);
nlohmann::ordered_json pipeline_json(const PipelineInfo& pipeline);
nlohmann::ordered_json change_json(const PipelineChange& change);

Response json_response(int status, const nlohmann::ordered_json& body);

/// STOPPED, FINISHED, FAILED and FENCED: nothing of the run moves any more.
bool is_at_rest(StreamState state);

}  // namespace laketide::http
