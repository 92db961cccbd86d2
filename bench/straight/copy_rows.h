// Rows in COPY's binary format.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "copy_connection.h"
#include "row_reader.h"

namespace straight {

/// Rows in COPY's binary format, into a buffer that goes to the connection when it is full. They are numbered within the lane: all rows of a
/// key stand in one partition. Confined to its task.
class CopyRows {
 public:
  explicit CopyRows(CopyConnection& connection) : connection_(connection), numbered_(connection.is_numbered()) {}

  void add(const Row& row) {
    const size_t most = 2 + 7 * 4 + 5 * 8 + row.event_type.size() + row.source.size();
    if (size_ + most > buffer_.size()) {
      flush();
      if (most > buffer_.size()) buffer_.resize(most);
    }
    char* at = buffer_.data() + size_;
    at = big_endian(at, numbered_ ? uint16_t{7} : uint16_t{6});
    at = number(at, static_cast<uint64_t>(row.id));
    at = text(at, row.event_type);
    at = number(at, static_cast<uint64_t>(row.ts_micros - kPostgresEpochMicros));
    at = number(at, std::bit_cast<uint64_t>(row.value));
    at = text(at, row.source);
    at = number(at, static_cast<uint64_t>(row.user_id));
    if (numbered_) at = number(at, static_cast<uint64_t>(number_++));
    size_ = static_cast<size_t>(at - buffer_.data());
    ++rows_;
  }
  void finish() { flush(); }

 private:
  static constexpr int64_t kPostgresEpochMicros = 946'684'800'000'000;  // 2000-01-01

  template <typename T>
  static char* big_endian(char* at, T number) {
    if constexpr (sizeof(T) == 2) number = __builtin_bswap16(number);
    if constexpr (sizeof(T) == 4) number = __builtin_bswap32(number);
    if constexpr (sizeof(T) == 8) number = __builtin_bswap64(number);
    std::memcpy(at, &number, sizeof number);
    return at + sizeof number;
  }
  static char* number(char* at, uint64_t value) { return big_endian(big_endian(at, uint32_t{8}), value); }
  static char* text(char* at, std::string_view value) {
    at = big_endian(at, static_cast<uint32_t>(value.size()));
    std::memcpy(at, value.data(), value.size());
    return at + value.size();
  }
  void flush() {
    if (rows_ > 0) connection_.put(buffer_, size_, rows_);
    size_ = 0;
    rows_ = 0;
  }

  CopyConnection& connection_;
  const bool numbered_;
  std::vector<char> buffer_ = std::vector<char>(64 << 10);
  size_t size_ = 0;
  int64_t rows_ = 0;
  int64_t number_ = 0;
};

}  // namespace straight
