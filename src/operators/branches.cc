#include "operators/branches.h"

#include <deque>
#include <utility>

namespace laketide {
namespace {

class Branches final : public Operator {
 public:
  explicit Branches(std::vector<std::vector<std::unique_ptr<Operator>>> branches) : branches_(std::move(branches)) {}

  Result<Step> process(Port, const Batch& in, Batch& out, Rejects& rejects) override {
    while (given_.empty() && next_ < branches_.size()) LT_RETURN_IF_ERROR(pass_on(in, branches_[next_++], 0, rejects));
    if (!given_.empty()) {
      out = std::move(given_.front());
      given_.pop_front();
    }
    if (!given_.empty() || next_ < branches_.size()) return Step::kMore;
    next_ = 0;
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo&, Batch&) override { return Step::kReady; }

 private:
  Status pass_on(const Batch& batch, const std::vector<std::unique_ptr<Operator>>& branch, size_t from, Rejects& rejects) {
    if (from == branch.size()) {
      given_.push_back(batch);
      return {};
    }
    Step step = Step::kMore;
    while (step == Step::kMore) {
      Batch out;
      LT_ASSIGN_OR_RETURN(step, branch[from]->process(0, batch, out, rejects));
      if (out) LT_RETURN_IF_ERROR(pass_on(out, branch, from + 1, rejects));
    }
    return {};
  }

  std::vector<std::vector<std::unique_ptr<Operator>>> branches_;
  std::deque<Batch> given_;  // of the current input, not yet handed on
  size_t next_ = 0;          // the branch that takes the current input next
};

}  // namespace

std::unique_ptr<Operator> make_branches(std::vector<std::vector<std::unique_ptr<Operator>>> branches) {
  return std::make_unique<Branches>(std::move(branches));
}

}  // namespace laketide
