// What a test takes out of a chain.
#pragma once

#include <stdexcept>
#include <utility>
#include <vector>

#include "flow/sink.h"
#include "laketide/status.h"

namespace laketide {

/// Takes the rows that come out of a chain. Confined to its task.
class Collect final : public Writer {
 public:
  explicit Collect(std::vector<Batch>& batches) : batches_(batches) {}
  Result<Step> write(const Batch& batch, Rejects&) override {
    batches_.push_back(batch);
    return Step::kReady;
  }
  Result<Step> end_epoch(EpochId, std::unique_ptr<Staged>&, Rejects&) override { return Step::kDone; }

 private:
  std::vector<Batch>& batches_;
};

/// What a test cannot go on without.
template <typename T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.status().to_string());
  return std::move(result).value();
}

}  // namespace laketide
