// random() and gen_random_uuid(): values made from a record's place, so that whoever reads the record again makes the same.
#include <string_view>

#include "expr/function.h"
#include "expr/rows.h"

namespace laketide::expr {
namespace {

/// 64 bits in which every bit of what was added has its part; a replay depends on it, so it stays as it is. The steps are those of
/// splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). Confined to its task.
class Mix {
 public:
  explicit Mix(uint64_t seed) : state_(seed) {}

  void add(uint64_t value) {
    state_ = (state_ ^ value) + 0x9e3779b97f4a7c15;
    uint64_t mixed = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    state_ = mixed ^ (mixed >> 31);
  }
  void add(std::string_view text) {
    for (const char c : text) add(static_cast<unsigned char>(c));
    add(text.size());
  }
  uint64_t bits() const { return state_; }

 private:
  uint64_t state_;
};

/// Topic, partition, offset, which of its record's rows, which call. Confined to its task.
class Places {
 public:
  explicit Places(std::span<const Column> args) : topic_(args[0]), partition_(args[1]), offset_(args[2]), row_(args[3]), call_(args[4]) {}

  /// What stands for a row, by `seed`. Rows of one topic stand together.
  uint64_t bits(int64_t row, Mix& of_topic, Text& known, uint64_t seed) const {
    if (const Text topic = topic_[row]; topic.data() != known.data() || topic.size() != known.size()) {
      of_topic = Mix(seed);
      of_topic.add(topic);
      known = topic;
    }
    Mix mix = of_topic;
    mix.add(static_cast<uint64_t>(partition_[row]));
    mix.add(static_cast<uint64_t>(offset_[row]));
    mix.add(static_cast<uint64_t>(row_[row]));
    mix.add(static_cast<uint64_t>(call_[row]));
    return mix.bits();
  }

 private:
  Reader<Text> topic_;
  Reader<int32_t> partition_;
  Reader<int64_t> offset_, row_, call_;
};

constexpr uint64_t kFirstSeed = 0x4c616b6574696465, kSecondSeed = 0x243f6a8885a308d3;

// [0, 1), in steps of 2^-53.
arrow::Status random(const Call& call, std::span<const Column> args, Column& out) {
  const Places places(args);
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(call.rows * static_cast<int64_t>(sizeof(double)), call.memory));
  auto* const to = reinterpret_cast<double*>(buffer->mutable_data());
  Mix topic(kFirstSeed);
  Text known;
  for (int64_t row = 0; row < call.rows; ++row) to[row] = static_cast<double>(places.bits(row, topic, known, kFirstSeed) >> 11) * 0x1p-53;
  set_result(call, {nullptr, std::shared_ptr<arrow::Buffer>(std::move(buffer))}, out);
  return arrow::Status::OK();
}

// RFC 9562, version 4: 122 bits, by two seeds because rows are many.
void write_uuid(uint64_t first, uint64_t second, TextWriter& to) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  first = (first & ~uint64_t{0xf000}) | 0x4000;
  second = (second & ~(uint64_t{3} << 62)) | (uint64_t{2} << 62);
  for (int digit = 0; digit < 32; ++digit) {
    if (digit == 8 || digit == 12 || digit == 16 || digit == 20) to.append('-');
    const uint64_t half = digit < 16 ? first : second;
    to.append(kDigits[(half >> (60 - digit % 16 * 4)) & 15]);
  }
}

arrow::Status random_uuid(const Call& call, std::span<const Column> args, Column& out) {
  constexpr int64_t kLength = 36;
  const Places places(args);
  TextWriter writer(call.memory);
  ARROW_RETURN_NOT_OK(writer.reserve(call.rows, call.rows * kLength));
  Mix first(kFirstSeed), second(kSecondSeed);
  Text one, other;
  for (int64_t row = 0; row < call.rows; ++row) {
    write_uuid(places.bits(row, first, one, kFirstSeed), places.bits(row, second, other, kSecondSeed), writer);
    writer.end_row();
  }
  std::shared_ptr<arrow::Buffer> offsets, bytes;
  ARROW_RETURN_NOT_OK(writer.finish(offsets, bytes));
  set_result(call, {nullptr, std::move(offsets), std::move(bytes)}, out);
  return arrow::Status::OK();
}

Function of_place(std::string_view name, TypeId result, Kernel kernel) {
  Function made{name, {}, result, kernel};
  made.special = made.of_place = true;
  return made;
}

}  // namespace

std::vector<Function> place_functions() {
  return {of_place("random", TypeId::kDouble, &random), of_place("gen_random_uuid", TypeId::kUuid, &random_uuid)};
}

}  // namespace laketide::expr
