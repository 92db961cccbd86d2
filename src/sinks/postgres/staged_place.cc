#include "sinks/postgres/staged_place.h"

#include <algorithm>
#include <charconv>

#include "sinks/postgres/cell_encoder.h"

namespace laketide::postgres {
namespace {

constexpr size_t kNumbersBytes = 4 + 8 + 8;
constexpr size_t kUnplacedBytes = 1 + 8 + 1;

template <typename Integer>
char* put(Integer value, char* out) {
  put_big_endian<Integer>(out, value);
  return out + sizeof value;
}

char deletes_byte(const StagedPlace& place) { return place.deletes ? 1 : 0; }

template <typename Integer>
Integer number(std::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes.substr(0, sizeof(Integer))) value = value << 8 | static_cast<unsigned char>(byte);
  return static_cast<Integer>(value);
}

}  // namespace

char* put_place(const StagedPlace& place, char* out) {
  *out++ = place.is_known() ? 1 : 0;
  if (!place.is_known()) return put(deletes_byte(place), put(place.sequence, out));
  out = std::copy(place.topic.begin(), place.topic.end(), out);
  *out++ = 0;
  return put(deletes_byte(place), put(place.sequence, put(place.offset, put(place.partition, out))));
}

StagedPlace place_of(std::string_view digits, std::string& bytes) {
  bytes.clear();
  for (; digits.size() >= 2; digits.remove_prefix(2)) {
    unsigned char byte = 0;
    std::from_chars(digits.data(), digits.data() + 2, byte, 16);
    bytes.push_back(static_cast<char>(byte));
  }
  StagedPlace place;
  if (bytes.size() < kUnplacedBytes) return place;
  place.deletes = bytes.back() != 0;
  const std::string_view all(bytes.data(), bytes.size() - 1);
  if (bytes.size() == kUnplacedBytes) place.sequence = number<int64_t>(all.substr(1));
  if (all.size() < 2 + kNumbersBytes) return place;
  const std::string_view numbers = all.substr(all.size() - kNumbersBytes);
  place.topic = all.substr(1, all.size() - 2 - kNumbersBytes);
  place.partition = number<int32_t>(numbers);
  place.offset = number<int64_t>(numbers.substr(4));
  place.sequence = number<int64_t>(numbers.substr(12));
  return place;
}

}  // namespace laketide::postgres
