#include "flow/chain.h"

#include <arrow/record_batch.h>

namespace laketide {

Chain::Chain(std::vector<std::unique_ptr<Operator>> operators, std::unique_ptr<Writer> writer)
    : operators_(std::move(operators)), writer_(std::move(writer)) {}

Result<Step> Chain::feed(Batch batch, Rejects& rejects, Port port) {
  if (batch) LT_RETURN_IF_ERROR(pass_on(std::move(batch), 0, rejects, port));
  return write_kept(rejects);
}

Result<Step> Chain::end_epoch(const EpochInfo& epoch, std::unique_ptr<Staged>& staged, Rejects& rejects) {
  LT_ASSIGN_OR_RETURN(const Step written, write_kept(rejects));
  if (written == Step::kBlocked) return written;
  if (flushed_ < operators_.size()) {
    LT_RETURN_IF_ERROR(flush_some(epoch, rejects));
    return Step::kMore;
  }
  LT_ASSIGN_OR_RETURN(const Step ended, writer_->end_epoch(epoch.id, staged, rejects));
  if (ended == Step::kDone) {
    flushed_ = 0;
    rows_out_ = 0;
  }
  return ended;
}

// An operator's output goes through all operators behind it before the operator is asked for more, so that what is held
// here is what one input can become, and no more.
Status Chain::pass_on(Batch batch, size_t from, Rejects& rejects, Port port) {
  if (from == operators_.size()) {
    if (batch->num_rows() > 0) kept_.push_back(std::move(batch));
    return {};
  }
  Step step = Step::kMore;
  while (step == Step::kMore) {
    Batch out;
    LT_ASSIGN_OR_RETURN(step, operators_[from]->process(port, batch, out, rejects));
    if (out) LT_RETURN_IF_ERROR(pass_on(std::move(out), from + 1, rejects));
  }
  return {};
}

// One portion, through all operators behind. Those that hold nothing back cost nothing but the call.
Status Chain::flush_some(const EpochInfo& epoch, Rejects& rejects) {
  while (flushed_ < operators_.size() && kept_.empty()) {
    Batch out;
    LT_ASSIGN_OR_RETURN(const Step step, operators_[flushed_]->finish_epoch(epoch, out, rejects));
    if (step != Step::kMore) ++flushed_;
    else if (!out) return {};  // it is at work for long
    if (out) return pass_on(std::move(out), flushed_ + (step == Step::kMore ? 1 : 0), rejects);
  }
  return {};
}

Result<Step> Chain::write_kept(Rejects& rejects) {
  while (!kept_.empty()) {
    const size_t refused = rejects.size();
    LT_ASSIGN_OR_RETURN(const Step step, writer_->write(kept_.front(), rejects));
    if (step == Step::kBlocked) return step;
    rows_out_ += kept_.front()->num_rows() - static_cast<int64_t>(rejects.size() - refused);
    kept_.pop_front();
  }
  return Step::kReady;
}

}  // namespace laketide
