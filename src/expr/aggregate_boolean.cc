#include "expr/aggregate_rows.h"

namespace laketide::expr {
namespace {

struct Seen {
  bool any_true, any_false;
};

/// bool_and(x) and bool_or(x). Confined to its task.
template <bool kAnd>
class Verdict final : public PlainAccumulator<Seen> {
 public:
  using PlainAccumulator::PlainAccumulator;

  Status update(const Arrays& args, Groups groups, const arrow::BooleanArray* take, const arrow::Array*) override {
    const Values<bool> values(*args[0]);
    visit_taken(static_cast<int64_t>(groups.size()), args[0].get(), take, [&](int64_t row) {
      Seen& seen = states_[groups[static_cast<size_t>(row)]];
      (values[row] ? seen.any_true : seen.any_false) = true;
    });
    return {};
  }
  Status merge(const Arrays& partial, Groups groups) override { return update(partial, groups, nullptr, nullptr); }
  Result<Arrays> partial(Groups groups, arrow::MemoryPool* memory) const override {
    LT_ASSIGN_OR_RETURN(auto verdicts, finish(groups, memory));
    return Arrays{std::move(verdicts)};
  }
  Result<std::shared_ptr<arrow::Array>> finish(Groups groups, arrow::MemoryPool* memory) const override {
    return memory_result(boolean_column(static_cast<int64_t>(groups.size()), memory, [&](int64_t row, bool& out) {
      const Seen seen = states_[groups[static_cast<size_t>(row)]];
      out = kAnd ? !seen.any_false : seen.any_true;
      return seen.any_true || seen.any_false;
    }));
  }
};

template <bool kAnd>
Aggregate verdict(std::string_view name) {
  Aggregate aggregate{.name = name, .args = {TypeId::kBoolean}, .result = TypeId::kBoolean};
  aggregate.partial = [](const AggregateTypes&) { return std::vector<Type>{TypeId::kBoolean}; };
  aggregate.make = [](const AggregateTypes&, arrow::MemoryPool* memory) -> std::unique_ptr<Accumulator> {
    return std::make_unique<Verdict<kAnd>>(memory);
  };
  return aggregate;
}

}  // namespace

std::vector<Aggregate> boolean_aggregates() { return {verdict<true>("bool_and"), verdict<true>("every"), verdict<false>("bool_or")}; }

}  // namespace laketide::expr
