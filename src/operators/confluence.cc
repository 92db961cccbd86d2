#include "operators/confluence.h"

#include <deque>
#include <utility>

namespace laketide {
namespace {

class Confluence final : public Operator {
 public:
  Confluence(std::vector<Tributary> inputs, std::unique_ptr<Operator> into) : inputs_(std::move(inputs)), into_(std::move(into)) {}

  Result<Step> process(Port port, const Batch& in, Batch& out, Rejects& rejects) override {
    if (!taken_) {
      size_t input = 0;
      for (; port >= inputs_[input].ports; ++input) port -= inputs_[input].ports;
      LT_RETURN_IF_ERROR(pass_on(in, input, 0, port, rejects));
      taken_ = true;
    }
    give(out);
    if (!given_.empty()) return Step::kMore;
    taken_ = false;
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo&, Batch&) override {
    return Status::internal("no_rejects", "operators inside an operator may refuse rows when an epoch ends; finish_epoch is what takes them");
  }

  // `into` ends when all that the inputs held back has gone on.
  Result<Step> finish_epoch(const EpochInfo& epoch, Batch& out, Rejects& rejects) override {
    if (given_.empty() && input_ < inputs_.size()) LT_RETURN_IF_ERROR(end_some(epoch, rejects));
    give(out);
    if (out || input_ < inputs_.size()) return Step::kMore;
    if (into_) {
      LT_ASSIGN_OR_RETURN(const Step step, into_->finish_epoch(epoch, out, rejects));
      if (step == Step::kMore) return step;
    }
    input_ = 0;
    return Step::kReady;
  }

 private:
  void give(Batch& out) {
    if (given_.empty()) return;
    out = std::move(given_.front());
    given_.pop_front();
  }

  // One portion of what an operator of the input held back, through all that stand behind it.
  Status end_some(const EpochInfo& epoch, Rejects& rejects) {
    auto& operators = inputs_[input_].operators;
    if (ended_ == operators.size()) {
      ended_ = 0;
      ++input_;
      return {};
    }
    Batch out;
    LT_ASSIGN_OR_RETURN(const Step step, operators[ended_]->finish_epoch(epoch, out, rejects));
    const size_t behind = ended_ + 1;
    if (step != Step::kMore) ++ended_;
    return out ? pass_on(out, input_, behind, 0, rejects) : Status();
  }

  Status pass_on(const Batch& batch, size_t input, size_t from, Port port, Rejects& rejects) {
    const auto& operators = inputs_[input].operators;
    if (from == operators.size() && !into_) {
      given_.push_back(batch);
      return {};
    }
    const bool last = from == operators.size();
    Operator& next = last ? *into_ : *operators[from];
    Step step = Step::kMore;
    while (step == Step::kMore) {
      Batch out;
      LT_ASSIGN_OR_RETURN(step, next.process(last ? static_cast<Port>(input) : port, batch, out, rejects));
      if (!out) continue;
      if (last) given_.push_back(std::move(out));
      else LT_RETURN_IF_ERROR(pass_on(out, input, from + 1, 0, rejects));
    }
    return {};
  }

  std::vector<Tributary> inputs_;
  const std::unique_ptr<Operator> into_;
  std::deque<Batch> given_;  // not yet handed on
  bool taken_ = false;       // the batch that is offered
  size_t input_ = 0, ended_ = 0;  // at the epoch's border: the input that ends, and how many of its operators have
};

}  // namespace

std::unique_ptr<Operator> make_confluence(std::vector<Tributary> inputs, std::unique_ptr<Operator> into) {
  return std::make_unique<Confluence>(std::move(inputs), std::move(into));
}

}  // namespace laketide
