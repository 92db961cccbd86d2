#include <algorithm>
#include <cmath>

#include "expr/any_values.h"
#include "expr/byte_slots.h"

namespace laketide::expr {
namespace {

struct Fraction {
  double value;
  bool any;
};

// Of PostgreSQL's percentile_cont: between the two values nearest to the place, as far as the place is.
double percentile_of(std::vector<double>& values, double fraction) {
  std::sort(values.begin(), values.end(), [](double left, double right) { return !std::isnan(left) && (std::isnan(right) || left < right); });
  const double place = fraction * static_cast<double>(values.size() - 1);
  const double low = values[static_cast<size_t>(std::floor(place))], high = values[static_cast<size_t>(std::ceil(place))];
  return low == high ? low : low + (place - std::floor(place)) * (high - low);
}

/// percentile(x, p): keeps every value. Of several p the largest counts, so that no order of rows shows. Confined to its task.
class Percentile final : public Accumulator {
 public:
  explicit Percentile(arrow::MemoryPool* memory) : fractions_(memory), values_(memory) {}

  Status resize(int64_t count) override {
    LT_RETURN_IF_ERROR(fractions_.reserve(count));
    return values_.reserve(count);
  }
  Status update(const Arrays& args, Groups groups, const arrow::BooleanArray* take, const arrow::Array*) override {
    const Values<double> values(*args[0]);
    Status status = take_fractions(*args[1], groups);
    visit_taken(static_cast<int64_t>(groups.size()), args[0].get(), take, [&](int64_t row) {
      const double value = values[row];
      if (status.ok()) status = values_.append(groups[static_cast<size_t>(row)], {reinterpret_cast<const char*>(&value), sizeof value});
    });
    return status;
  }
  Status merge(const Arrays& partial, Groups groups) override {
    LT_RETURN_IF_ERROR(take_fractions(*partial[1], groups));
    const StateLists lists(*partial[0]);
    const AnyValues values(lists.values());
    for (size_t i = 0; i < groups.size(); ++i) {
      const auto row = static_cast<int64_t>(i);
      for (int64_t at = lists.begin(row); at < lists.end(row); ++at) LT_RETURN_IF_ERROR(values_.append(groups[i], values[at]));
    }
    return {};
  }
  Result<Arrays> partial(Groups groups, arrow::MemoryPool* memory) const override {
    std::vector<int32_t> offsets{0};
    std::vector<double> all;
    for (const uint32_t group : groups) {
      const std::vector<double> values = values_of(group);
      all.insert(all.end(), values.begin(), values.end());
      offsets.push_back(static_cast<int32_t>(all.size()));
    }
    LT_ASSIGN_OR_RETURN(auto flat, memory_result(fixed_column<double>(TypeId::kDouble, static_cast<int64_t>(all.size()), memory, [&](int64_t row, double& out) {
      out = all[static_cast<size_t>(row)];
      return true;
    })));
    LT_ASSIGN_OR_RETURN(auto lists, memory_result(list_column(list_of(TypeId::kDouble), offsets, std::move(flat), {}, memory)));
    LT_ASSIGN_OR_RETURN(auto fractions, memory_result(fixed_column<double>(TypeId::kDouble, static_cast<int64_t>(groups.size()), memory, [&](int64_t row, double& out) {
      const Fraction fraction = fractions_[groups[static_cast<size_t>(row)]];
      out = fraction.value;
      return fraction.any;
    })));
    return Arrays{std::move(lists), std::move(fractions)};
  }
  Result<std::shared_ptr<arrow::Array>> finish(Groups groups, arrow::MemoryPool* memory) const override {
    return memory_result(fixed_column<double>(TypeId::kDouble, static_cast<int64_t>(groups.size()), memory, [&](int64_t row, double& out) {
      const uint32_t group = groups[static_cast<size_t>(row)];
      std::vector<double> values = values_of(group);
      if (values.empty() || !fractions_[group].any) return false;
      out = percentile_of(values, fractions_[group].value);
      return true;
    }));
  }
  void clear(Groups groups) override {
    for (const uint32_t group : groups) {
      fractions_[group] = {};
      values_.clear(group);
    }
  }
  int64_t bytes() const override { return fractions_.bytes() + values_.bytes(); }

 private:
  Status take_fractions(const arrow::Array& array, Groups groups) {
    const Values<double> values(array);
    bool good = true;
    visit_taken(static_cast<int64_t>(groups.size()), &array, nullptr, [&](int64_t row) {
      Fraction& fraction = fractions_[groups[static_cast<size_t>(row)]];
      good &= values[row] >= 0 && values[row] <= 1;
      if (!fraction.any || fraction.value < values[row]) fraction = {values[row], true};
    });
    if (good) return {};
    return Status::user("numeric_value_out_of_range", "the second argument of percentile is a number from 0 to 1; 0.5 is the median");
  }
  std::vector<double> values_of(uint32_t group) const {
    const std::string_view bytes = values_[group];
    std::vector<double> values(bytes.size() / sizeof(double));
    if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  Paged<Fraction> fractions_;
  ByteSlots values_;
};

}  // namespace

std::vector<Aggregate> percentile_aggregates() {
  Aggregate percentile{.name = "percentile", .args = {TypeId::kDouble, TypeId::kDouble}, .result = TypeId::kDouble};
  percentile.partial = [](const AggregateTypes&) { return std::vector<Type>{list_of(TypeId::kDouble), TypeId::kDouble}; };
  percentile.make = [](const AggregateTypes&, arrow::MemoryPool* memory) -> std::unique_ptr<Accumulator> { return std::make_unique<Percentile>(memory); };
  return {percentile};
}

}  // namespace laketide::expr
