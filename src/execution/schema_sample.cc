#include "execution/schema_sample.h"

#include "base/signal.h"

namespace laketide {
namespace {

constexpr int64_t kRecordsMax = 1000;
constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::milliseconds kBetweenTries{200};

/// Reads bounded ranges into an inference, one partition after another. Confined to its task.
class Sampler {
 public:
  Sampler(RunSpec& run, const RunSource& source) : source_(source) {
    context_.memory = run.memory.get();
    context_.clock = &system_clock();
    context_.metrics = run.metrics;
    context_.labels = {{"pipeline", run.pipeline}};
    // Woken from the client's thread, perhaps after this object is gone: the signal is shared.
    context_.wake = [woken = woken_] { woken->notify(); };
  }

  Status open() {
    LT_ASSIGN_OR_RETURN(reader_, source_.source->open(context_));
    return {};
  }

  /// Reads [start, high) of every partition until there are enough records.
  Status read(const Positions& starts, const PartitionBounds& bounds, SchemaInference& inference, const Wait& wait) {
    for (const auto& [place, bound] : bounds) {
      const auto start = starts.find(place);
      const NextOffset from = start == starts.end() ? bound.low : start->second;
      if (from >= bound.high || inference.count() >= kRecordsMax) continue;
      LT_RETURN_IF_ERROR(reader_->assign({{place, Range{from, bound.high}}}));
      LT_RETURN_IF_ERROR(read_assigned(inference, wait));
    }
    return {};
  }

 private:
  Status read_assigned(SchemaInference& inference, const Wait& wait) {
    while (inference.count() < kRecordsMax) {
      if (wait.over()) return Status::cancelled("stopped while the schema was learnt");
      std::variant<Records, Batch> input;
      Budget budget;
      budget.rows_max = kRecordsMax - inference.count();
      LT_ASSIGN_OR_RETURN(const Step step, reader_->poll(budget, input));
      if (step == Step::kDone) return {};
      if (step == Step::kReady) inference.add(std::get<Records>(input));
      if (step == Step::kBlocked) woken_->wait(std::chrono::steady_clock::now() + std::chrono::milliseconds(50));
    }
    return {};
  }

  const RunSource& source_;
  std::shared_ptr<Signal> woken_ = std::make_shared<Signal>();
  Context context_;

  std::unique_ptr<Reader> reader_;
};

}  // namespace

Result<Schema> sample_schema(RunSpec& run, const RunSource& source, const Format& format, const Positions& starts, const Wait& wait) {
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  Signal never;
  Sampler sampler(run, source);
  LT_RETURN_IF_ERROR(sampler.open());
  while (!wait.over()) {
    auto inference = format.inference();
    LT_ASSIGN_OR_RETURN(const auto bounds, source.source->bounds(wait));
    LT_RETURN_IF_ERROR(sampler.read(starts, bounds, *inference, wait));
    const bool is_all = !source.source->grows();
    const bool patient = std::chrono::steady_clock::now() < give_up;
    if (is_all || inference->count() >= kRecordsMax || (inference->count() > 0 && !patient)) return inference->schema();
    never.wait_until(std::chrono::steady_clock::now() + kBetweenTries, [&] { return wait.over(); });
  }
  return Status::cancelled("stopped while the schema was learnt");
}

}  // namespace laketide
