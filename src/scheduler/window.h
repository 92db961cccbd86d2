// What happened lately.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/wait.h"

namespace laketide {

/// How a window puts values together.
enum class Fold { kSum, kMost };

/// Folds what was added within the last `kSlots` slots of time, the one that runs now included; nothing to do as time passes.
/// Values are not negative. Caller synchronises.
template <Fold kFold, int kSlots, int64_t kSlotMs>
class Window {
 public:
  void add(SteadyTime now, double value) {
    const int64_t number = slot_number(now);
    Slot& slot = slots_[static_cast<size_t>(number % kSlots)];
    if (slot.number != number) slot = {number, 0};
    slot.value = fold(slot.value, value);
  }

  double of(SteadyTime now) const {
    const int64_t number = slot_number(now);
    double all = 0;
    for (const Slot& slot : slots_) {
      if (slot.number > number - kSlots) all = fold(all, slot.value);
    }
    return all;
  }

 private:
  struct Slot {
    int64_t number = -kSlots;
    double value = 0;
  };
  static int64_t slot_number(SteadyTime now) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() / kSlotMs;
  }
  static double fold(double a, double b) { return kFold == Fold::kSum ? a + b : std::max(a, b); }

  std::array<Slot, kSlots> slots_;
};

}  // namespace laketide
