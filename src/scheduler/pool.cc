#include "scheduler/pool.h"

#include <cmath>

namespace laketide {

Status PoolOptions::check() const {
  const auto refuse = [this](const char* field, const char* what) { return Status::user("bad_pool", std::string(what) + ": " + name, field); };
  if (name.empty()) return refuse("name", "a pool needs a name");
  if (!std::isfinite(weight) || weight <= 0) return refuse("weight", "a pool's weight must be a number above 0");
  if (!std::isfinite(min_share) || min_share < 0) return refuse("min_share", "a pool's min_share must be a number of cores, 0 or more");
  if (!max_share) return {};
  if (!std::isfinite(*max_share) || *max_share <= 0) {
    return refuse("max_share", "a pool's max_share must be a number of cores above 0; leave it out for no limit");
  }
  if (*max_share < min_share) return refuse("max_share", "a pool's max_share must not be less than its min_share");
  return {};
}

}  // namespace laketide
