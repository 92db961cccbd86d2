#include "scheduler/entitlement.h"

#include <algorithm>

namespace laketide {

double scale_of(double workers, double minima) { return minima > workers ? workers / minima : 1; }

void divide(double workers, std::span<Claim> claims) {
  double weights = 0;
  for (const Claim& claim : claims) weights += claim.weight;
  const auto least_of = [&](const Claim& claim) { return std::max(claim.least, kSharedByWeight * workers * claim.weight / weights); };
  double minima = 0;
  for (const Claim& claim : claims) minima += least_of(claim);
  const double scale = scale_of(workers, minima);

  // Who breaks a bound is held at it, and the rest divided again. Of the two bounds, the one that is broken by more cores in sum
  // goes first: holding those can only mend the other side. Each round holds one claim at least.
  double left = workers;
  double open_weights = weights;
  for (Claim& claim : claims) claim.cores = -1;  // not held yet
  for (size_t held = 0; held < claims.size();) {
    const double lambda = left / open_weights;
    double broken = 0;
    for (const Claim& claim : claims) {
      if (claim.cores >= 0) continue;
      const double fair = claim.weight * lambda;
      broken += std::clamp(fair, std::min(least_of(claim) * scale, claim.most), claim.most) - fair;
    }
    size_t held_now = 0;
    double left_after = left;
    double weights_after = open_weights;
    for (Claim& claim : claims) {
      if (claim.cores >= 0) continue;
      const double fair = claim.weight * lambda;
      const double least = std::min(least_of(claim) * scale, claim.most);
      const bool is_least = fair <= least && broken >= 0;
      const bool is_most = fair >= claim.most && broken <= 0;
      if (!is_least && !is_most) continue;
      claim.cores = is_most ? claim.most : least;
      left_after -= claim.cores;
      weights_after -= claim.weight;
      ++held_now;
    }
    if (held_now == 0) {
      for (Claim& claim : claims) {
        if (claim.cores < 0) claim.cores = claim.weight * lambda;
      }
      return;
    }
    held += held_now;
    left = std::max(0.0, left_after);
    open_weights = weights_after;
  }
}

}  // namespace laketide
