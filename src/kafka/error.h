// librdkafka's error codes in the product's words.
#pragma once

#include <string>

#include <librdkafka/rdkafka.h>

#include "laketide/status.h"

namespace laketide::kafka {

/// `error` met while `doing` ("reading topic events"), sorted by what can help. Nothing: `kUser` unknown_topic,
/// not_authorized, unsupported_broker, record_too_large, corrupt_data. Time: `kExternal` broker_away, for all the rest (transport, leaders,
/// elections, time-outs). Success for RD_KAFKA_RESP_ERR_NO_ERROR.
Status to_status(rd_kafka_resp_err_t error, const std::string& doing);

}  // namespace laketide::kafka
