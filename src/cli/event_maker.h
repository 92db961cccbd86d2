// The events that `laketide produce` writes.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "base/clock.h"

namespace laketide::cli {

/// A record's key and value.
struct Event {
  std::string key;
  std::string value;
};

/// {"id":0…9 in turn,"ts":"2026-01-02T03:04:05.678901Z","value":0…100 with two decimals,"source":"laketide"}, keyed by id.
/// The same seed gives the same values. Confined to its task.
class EventMaker {
 public:
  explicit EventMaker(uint64_t seed) : random_(seed) {}
  Event next(Instant now);

 private:
  std::mt19937_64 random_;
  int64_t made_ = 0;
};

}  // namespace laketide::cli
