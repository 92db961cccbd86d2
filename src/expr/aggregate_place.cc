#include <arrow/array/array_binary.h>

#include "expr/any_values.h"
#include "expr/byte_slots.h"

namespace laketide::expr {
namespace {

/// first(x) and last(x): the value, which may be NULL, of the first or last row by rank. Rows of one rank come from one record and
/// keep the order they came in. Confined to its task.
template <bool kLast>
class PlaceAccumulator final : public Accumulator {
 public:
  PlaceAccumulator(const AggregateTypes& types, arrow::MemoryPool* memory) : type_(types.result), seen_(memory), ranks_(memory), values_(memory) {}

  Status resize(int64_t count) override {
    LT_RETURN_IF_ERROR(seen_.reserve(count));
    LT_RETURN_IF_ERROR(ranks_.reserve(count));
    return values_.reserve(count);
  }
  Status update(const Arrays& args, Groups groups, const arrow::BooleanArray* take, const arrow::Array* order) override {
    return add(*args[0], *order, groups, take);
  }
  Status merge(const Arrays& partial, Groups groups) override { return add(*partial[1], *partial[0], groups, nullptr); }
  Result<Arrays> partial(Groups groups, arrow::MemoryPool* memory) const override {
    LT_ASSIGN_OR_RETURN(auto ranks, memory_result(bytes_column(TypeId::kBytea, static_cast<int64_t>(groups.size()), memory, [&](int64_t row, std::string_view& out) {
      const uint32_t group = groups[static_cast<size_t>(row)];
      out = ranks_[group];
      return seen_[group] != kNothing;
    })));
    LT_ASSIGN_OR_RETURN(auto values, finish(groups, memory));
    return Arrays{std::move(ranks), std::move(values)};
  }
  Result<std::shared_ptr<arrow::Array>> finish(Groups groups, arrow::MemoryPool* memory) const override {
    return memory_result(any_column(type_, static_cast<int64_t>(groups.size()), memory, [&](int64_t row, std::string_view& out) {
      const uint32_t group = groups[static_cast<size_t>(row)];
      out = values_[group];
      return seen_[group] == kValue;
    }));
  }
  void clear(Groups groups) override {
    for (const uint32_t group : groups) {
      seen_[group] = kNothing;
      ranks_.clear(group);
      values_.clear(group);
    }
  }
  int64_t bytes() const override { return seen_.bytes() + ranks_.bytes() + values_.bytes(); }

 private:
  enum Seen : uint8_t { kNothing, kNull, kValue };

  // Rows without a rank are no rows.
  Status add(const arrow::Array& array, const arrow::Array& order, Groups groups, const arrow::BooleanArray* take) {
    const AnyValues values(array);
    const Values<std::string_view> ranks(order);
    Status status;
    visit_taken(static_cast<int64_t>(groups.size()), &order, take, [&](int64_t row) {
      const uint32_t group = groups[static_cast<size_t>(row)];
      const bool better = kLast ? ranks[row] >= ranks_[group] : ranks[row] < ranks_[group];
      if ((seen_[group] != kNothing && !better) || !status.ok()) return;
      seen_[group] = array.IsNull(row) ? kNull : kValue;
      status = ranks_.assign(group, ranks[row]);
      if (status.ok()) status = values_.assign(group, array.IsNull(row) ? std::string_view() : values[row]);
    });
    return status;
  }

  const Type type_;
  Paged<Seen> seen_;
  ByteSlots ranks_, values_;
};

template <bool kLast>
void add_places(std::string_view name, std::vector<Aggregate>& all) {
  for (const TypeId type : plain_types()) {
    Aggregate place{.name = name, .args = {type}, .result = type, .ordered = true};
    place.result_type = [](const std::vector<Type>& args) { return args[0]; };
    place.partial = [](const AggregateTypes& types) { return std::vector<Type>{TypeId::kBytea, types.result}; };
    place.make = [](const AggregateTypes& types, arrow::MemoryPool* memory) -> std::unique_ptr<Accumulator> {
      return std::make_unique<PlaceAccumulator<kLast>>(types, memory);
    };
    all.push_back(place);
  }
}

}  // namespace

std::vector<Aggregate> place_aggregates() {
  std::vector<Aggregate> all;
  add_places<false>("first", all);
  add_places<true>("last", all);
  return all;
}

}  // namespace laketide::expr
