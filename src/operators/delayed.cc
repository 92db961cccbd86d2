#include "operators/delayed.h"

#include <utility>

namespace laketide {
namespace {

class Delayed final : public Operator {
 public:
  Delayed(std::unique_ptr<Operator> inner, int64_t lag) : inner_(std::move(inner)), lag_(lag) {}

  Result<Step> process(Port port, const Batch& in, Batch& out, Rejects& rejects) override { return inner_->process(port, in, out, rejects); }
  Result<Step> end_epoch(const EpochInfo& epoch, Batch& out) override { return inner_->end_epoch(behind(epoch), out); }
  Result<Step> finish_epoch(const EpochInfo& epoch, Batch& out, Rejects& rejects) override { return inner_->finish_epoch(behind(epoch), out, rejects); }

 private:
  EpochInfo behind(EpochInfo epoch) const {
    if (epoch.late) epoch.late->micros -= lag_;
    if (epoch.evict) epoch.evict->micros -= lag_;
    return epoch;
  }

  const std::unique_ptr<Operator> inner_;
  const int64_t lag_;
};

}  // namespace

std::unique_ptr<Operator> make_delayed(std::unique_ptr<Operator> inner, int64_t lag) { return std::make_unique<Delayed>(std::move(inner), lag); }

}  // namespace laketide
