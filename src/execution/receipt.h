// The receipt of an epoch as it is kept in the ledger.
#pragma once

#include <string>
#include <string_view>

#include "base/wait.h"
#include "flow/epoch.h"
#include "flow/sink.h"
#include "laketide/engine.h"
#include "laketide/status.h"

namespace laketide {

/// The receipt's epoch, times, ranges and counts, from the plan; what each sink did is the caller's.
EpochReceipt receipt_of(const EpochPlan& plan);
std::string to_json(const EpochReceipt& receipt);
Result<EpochReceipt> receipt_from_json(std::string_view text);

/// What a sink that has the plan's epoch did in its commit, by asking it to commit the epoch again, which changes nothing. Added to
/// the receipt unless the sink does not remember. May block until the Wait is over.
Status add_earlier_commit(Sink& sink, const EpochPlan& plan, const Wait& wait, EpochReceipt& receipt);

}  // namespace laketide
