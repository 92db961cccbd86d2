#include "expr/aggregate_rows.h"

namespace laketide::expr {
namespace {

/// count(*) and count(x). Confined to its task.
class Count final : public PlainAccumulator<int64_t> {
 public:
  using PlainAccumulator::PlainAccumulator;

  Status update(const Arrays& args, Groups groups, const arrow::BooleanArray* take, const arrow::Array*) override {
    const auto rows = static_cast<int64_t>(groups.size());
    visit_taken(rows, args.empty() ? nullptr : args[0].get(), take, [&](int64_t row) { ++states_[groups[static_cast<size_t>(row)]]; });
    return {};
  }
  Status merge(const Arrays& partial, Groups groups) override {
    const Values<int64_t> counts(*partial[0]);
    for (size_t row = 0; row < groups.size(); ++row) states_[groups[row]] += counts[static_cast<int64_t>(row)];
    return {};
  }
  Result<Arrays> partial(Groups groups, arrow::MemoryPool* memory) const override {
    LT_ASSIGN_OR_RETURN(auto counts, finish(groups, memory));
    return Arrays{std::move(counts)};
  }
  Result<std::shared_ptr<arrow::Array>> finish(Groups groups, arrow::MemoryPool* memory) const override {
    return column<int64_t>(TypeId::kBigint, groups, memory, [](int64_t count, int64_t& out) {
      out = count;
      return true;
    });
  }
};

}  // namespace

std::vector<Aggregate> count_aggregates() {
  Aggregate count{.name = "count", .result = TypeId::kBigint};
  count.partial = [](const AggregateTypes&) { return std::vector<Type>{TypeId::kBigint}; };
  count.make = [](const AggregateTypes&, arrow::MemoryPool* memory) -> std::unique_ptr<Accumulator> { return std::make_unique<Count>(memory); };
  count.null_if_empty = false;
  Aggregate of_values = count;
  of_values.args = {TypeId::kUnknown};
  return {count, of_values};
}

}  // namespace laketide::expr
