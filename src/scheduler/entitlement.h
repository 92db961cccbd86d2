// How the workers are divided among the pools at work.
#pragma once

#include <span>
#include <vector>

namespace laketide {

/// One pool's part of the division. Immutable, but for `cores`.
struct Claim {
  double weight = 1;
  double least = 0;  // cores: the pool's min_share
  double most = 0;   // cores: its max_share, or the lanes it could use now
  double cores = 0;  // the answer: what it is entitled to
};

/// The part of the workers that is always divided by weight alone, so that minima leave no pool without any.
constexpr double kSharedByWeight = 0.01;

/// Sets `cores` of each claim to clamp(weight · λ, least, most), with the one λ for which they add up to `workers` (or to all `most`,
/// if that is less). Minima that exceed the workers are scaled down first, all by the same factor. Weights must be positive.
void divide(double workers, std::span<Claim> claims);

/// The factor by which minima must be scaled so that they fit: 1 if they do.
double scale_of(double workers, double minima);

}  // namespace laketide
