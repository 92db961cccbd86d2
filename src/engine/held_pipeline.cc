#include "engine/held_pipeline.h"

#include "ledger/intents_in_use.h"

namespace laketide {

Status refuse_held(const std::string& state_dir, const std::string& pipeline) {
  LT_ASSIGN_OR_RETURN(const auto wants, intents_in_use(state_dir));
  const auto found = wants.find(pipeline);
  if (found == wants.end() || (found->second != "running" && found->second != "paused")) return {};
  return Status::user("pipeline_held", "the service that runs on " + state_dir + " works on this pipeline (it is wanted " + found->second +
                                           "), and its rows would be written twice; stop it there first (laketide stream stop " + pipeline +
                                           "), or give the document another name and other tables");
}

}  // namespace laketide
