#include "sinks/postgres/target.h"

#include <algorithm>

namespace laketide::postgres {

void Target::clear_epoch() {
  rows = null_keys = deletes = quarantined = 0;
  emptied = false;
  refused.clear();
}

bool Target::takes_part(const EpochPlan& plan) const {
  const bool named = plan.sinks.empty() || std::find(plan.sinks.begin(), plan.sinks.end(), spec.id) != plan.sinks.end();
  return claimed && named && (!epoch || *epoch < plan.epoch);
}

Positions Target::next_after(const EpochPlan& plan) const {
  Positions after = next;
  for (const auto& [partition, offset] : plan.next) after[partition] = offset;
  for (const auto& [partition, range] : plan.ranges) {
    if (range.end) after[partition] = *range.end;
  }
  return after;
}

}  // namespace laketide::postgres
