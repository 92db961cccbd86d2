// The receipt of an epoch as it is kept in the ledger.
#pragma once

#include <string>
#include <string_view>

#include "flow/epoch.h"
#include "laketide/engine.h"
#include "laketide/status.h"

namespace laketide {

/// The receipt's epoch, times, ranges and counts, from the plan; what each sink did is the caller's.
EpochReceipt receipt_of(const EpochPlan& plan);
std::string to_json(const EpochReceipt& receipt);
Result<EpochReceipt> receipt_from_json(std::string_view text);

}  // namespace laketide
