#include "engine/kept_counters.h"

#include <algorithm>

namespace laketide {
namespace {
constexpr size_t kPipelinesMax = 1000;
}  // namespace

void KeptCounters::keep(const std::string& pipeline) {
  const MutexLock lock(mutex_);
  const auto [kept, added] = kept_.try_emplace(pipeline, Kept{PipelineCounters(*metrics_, pipeline), 0});
  kept->second.turn = ++turns_;
  if (kept_.size() <= kPipelinesMax) return;
  kept_.erase(std::ranges::min_element(kept_, {}, [](const auto& one) { return one.second.turn; }));
}

void KeptCounters::forget(const std::string& pipeline) {
  const MutexLock lock(mutex_);
  kept_.erase(pipeline);
}

}  // namespace laketide
