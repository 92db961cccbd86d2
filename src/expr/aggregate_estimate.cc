#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string>

#include "expr/any_values.h"
#include "expr/byte_slots.h"
#include "expr/value_hash.h"

namespace laketide::expr {
namespace {

// HyperLogLog with 2^12 registers: a standard error of 1.04 / sqrt(4096) = 1.6 %. Up to 256 values are counted exactly.
constexpr int kIndexBits = 12, kRankMax = 64 - kIndexBits + 1;
constexpr size_t kRegisters = size_t{1} << kIndexBits, kExactMax = 256;

std::vector<uint64_t> hashes_in(std::string_view bytes) {
  std::vector<uint64_t> hashes(bytes.size() / sizeof(uint64_t));
  if (!bytes.empty()) std::memcpy(hashes.data(), bytes.data(), bytes.size());
  return hashes;
}
std::string_view bytes_of(const std::vector<uint64_t>& hashes) {
  return {reinterpret_cast<const char*>(hashes.data()), hashes.size() * sizeof(uint64_t)};
}
void set_register(uint8_t* registers, uint64_t hash) {
  uint8_t& one = registers[hash >> (64 - kIndexBits)];
  const uint64_t rest = hash << kIndexBits | uint64_t{1} << (kIndexBits - 1);
  one = std::max(one, static_cast<uint8_t>(std::countl_zero(rest) + 1));
}

// The estimator of O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm 6: right over the whole
// range, without tables of corrections.
double sigma(double x) {
  if (x == 1) return INFINITY;
  double sum = x, before, weight = 1;
  do {
    x *= x;
    before = sum;
    sum += x * weight;
    weight += weight;
  } while (sum != before);
  return sum;
}
double tau(double x) {
  if (x == 0 || x == 1) return 0;
  double sum = 1 - x, before, weight = 1;
  do {
    x = std::sqrt(x);
    before = sum;
    weight /= 2;
    sum -= (1 - x) * (1 - x) * weight;
  } while (sum != before);
  return sum / 3;
}
int64_t estimate(std::string_view registers) {
  constexpr auto kCount = static_cast<double>(kRegisters);
  std::array<int, kRankMax + 1> counts{};
  for (const char one : registers) ++counts[static_cast<size_t>(one)];
  double z = kCount * tau(1 - counts[kRankMax] / kCount);
  for (int rank = kRankMax - 1; rank >= 1; --rank) z = (z + counts[static_cast<size_t>(rank)]) / 2;
  z += kCount * sigma(counts[0] / kCount);
  return std::llround(kCount * kCount / (2 * std::log(2.0) * z));
}

/// approx_count_distinct(x). A group's state is the sorted hashes of its values, and above `kExactMax` of them the registers; which of
/// the two depends on the values alone. Confined to its task.
class Estimate final : public Accumulator {
 public:
  Estimate(const AggregateTypes& types, arrow::MemoryPool* memory) : type_(types.args[0].id), states_(memory) {}

  Status resize(int64_t count) override { return states_.reserve(count); }
  Status update(const Arrays& args, Groups groups, const arrow::BooleanArray* take, const arrow::Array*) override {
    const AnyValues values(*args[0]);
    Status status;
    visit_taken(static_cast<int64_t>(groups.size()), args[0].get(), take, [&](int64_t row) {
      if (status.ok()) status = add(groups[static_cast<size_t>(row)], hash_of(values[row]));
    });
    return status;
  }
  Status merge(const Arrays& partial, Groups groups) override {
    const Values<std::string_view> states(*partial[0]);
    for (size_t i = 0; i < groups.size(); ++i) {
      const std::string_view state = states[static_cast<int64_t>(i)];
      if (state.size() != kRegisters) {
        for (const uint64_t hash : hashes_in(state)) LT_RETURN_IF_ERROR(add(groups[i], hash));
        continue;
      }
      LT_RETURN_IF_ERROR(to_registers(groups[i]));
      uint8_t* registers = states_.mutable_bytes(groups[i]);
      for (size_t at = 0; at < kRegisters; ++at) registers[at] = std::max(registers[at], static_cast<uint8_t>(state[at]));
    }
    return {};
  }
  Result<Arrays> partial(Groups groups, arrow::MemoryPool* memory) const override {
    LT_ASSIGN_OR_RETURN(auto states, memory_result(bytes_column(TypeId::kBytea, static_cast<int64_t>(groups.size()), memory, [&](int64_t row, std::string_view& out) {
      out = states_[groups[static_cast<size_t>(row)]];
      return true;
    })));
    return Arrays{std::move(states)};
  }
  Result<std::shared_ptr<arrow::Array>> finish(Groups groups, arrow::MemoryPool* memory) const override {
    return memory_result(fixed_column<int64_t>(TypeId::kBigint, static_cast<int64_t>(groups.size()), memory, [&](int64_t row, int64_t& out) {
      const std::string_view state = states_[groups[static_cast<size_t>(row)]];
      out = state.size() == kRegisters ? estimate(state) : static_cast<int64_t>(state.size() / sizeof(uint64_t));
      return true;
    }));
  }
  void clear(Groups groups) override {
    for (const uint32_t group : groups) states_.clear(group);
  }
  int64_t bytes() const override { return states_.bytes(); }

 private:
  static_assert(kExactMax * sizeof(uint64_t) < kRegisters, "the size tells hashes from registers");

  // -0 equals 0, and NaN equals NaN.
  uint64_t hash_of(std::string_view bytes) const {
    if (type_ == TypeId::kReal) return hash_float<float>(bytes);
    if (type_ == TypeId::kDouble) return hash_float<double>(bytes);
    return hash_bytes(bytes);
  }
  template <typename Float>
  static uint64_t hash_float(std::string_view bytes) {
    Float value;
    std::memcpy(&value, bytes.data(), sizeof value);
    value = std::isnan(value) ? std::numeric_limits<Float>::quiet_NaN() : value + Float{0};
    return hash_bytes({reinterpret_cast<const char*>(&value), sizeof value});
  }
  Status add(uint32_t group, uint64_t hash) {
    const std::string_view state = states_[group];
    if (state.size() == kRegisters) {
      set_register(states_.mutable_bytes(group), hash);
      return {};
    }
    const auto* begin = reinterpret_cast<const uint64_t*>(state.data());
    const auto* end = begin + state.size() / sizeof(uint64_t);
    const auto* at = std::lower_bound(begin, end, hash);
    if (at != end && *at == hash) return {};
    std::vector<uint64_t> hashes(begin, end);
    hashes.insert(hashes.begin() + (at - begin), hash);
    LT_RETURN_IF_ERROR(states_.assign(group, bytes_of(hashes)));
    return hashes.size() > kExactMax ? to_registers(group) : Status();
  }
  Status to_registers(uint32_t group) {
    if (states_[group].size() == kRegisters) return {};
    std::string registers(kRegisters, '\0');
    for (const uint64_t hash : hashes_in(states_[group])) set_register(reinterpret_cast<uint8_t*>(registers.data()), hash);
    return states_.assign(group, registers);
  }

  const TypeId type_;
  ByteSlots states_;
};

}  // namespace

std::vector<Aggregate> estimate_aggregates() {
  std::vector<Aggregate> all;
  for (const TypeId type : plain_types()) {
    Aggregate estimate{.name = "approx_count_distinct", .args = {type}, .result = TypeId::kBigint, .null_if_empty = false};
    estimate.partial = [](const AggregateTypes&) { return std::vector<Type>{TypeId::kBytea}; };
    estimate.make = [](const AggregateTypes& types, arrow::MemoryPool* memory) -> std::unique_ptr<Accumulator> {
      return std::make_unique<Estimate>(types, memory);
    };
    all.push_back(estimate);
  }
  return all;
}

}  // namespace laketide::expr
