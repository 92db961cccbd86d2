// A store in memory that loses its power.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "storage/store.h"

namespace laketide {

/// Behaves like a disk: bytes count as kept after FileWriter::sync, names after sync_dir. It can die at any of the steps
/// that a disk takes; from then on every call fails until `restart`, which brings back what a disk might hold. Thread-safe.
class ForgetfulStore : public storage::Store {
 public:
  /// What a power cut leaves of that which was not synced. kNamesOnly: file names, but empty files behind them.
  enum class Leaves { kNothing, kEverything, kNamesOnly };

  /// Dies at the step `step` (from 1) after this call, before or after the step's deed.
  virtual void die_at(int64_t step, bool after_the_deed) = 0;
  virtual bool died() const = 0;
  virtual void restart(Leaves leaves) = 0;
};

std::shared_ptr<ForgetfulStore> make_forgetful_store();

}  // namespace laketide
