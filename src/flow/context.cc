#include "flow/context.h"

namespace laketide {

const char* to_string(BlockReason reason) {
  switch (reason) {
    case BlockReason::kNone: return "none";
    case BlockReason::kNoInput: return "no_input";
    case BlockReason::kRateLimit: return "rate_limit";
    case BlockReason::kSinkQueueFull: return "sink_queue_full";
    case BlockReason::kMemory: return "memory";
    case BlockReason::kEpochHeld: return "epoch_held";
    case BlockReason::kBrokerAway: return "broker_away";
  }
  return "none";
}

}  // namespace laketide
