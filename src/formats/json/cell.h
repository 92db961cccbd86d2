// One value of one column while its record is being read.
#pragma once

#include <cstdint>
#include <string_view>

namespace laketide::json {

/// Read from a record, not yet in a column: a record that turns out bad half-way leaves nothing behind. Text and bytes point into
/// the record's copy or into the row's scratch space and live until the next record. Immutable once read.
struct Cell {
  struct Bytes {
    const char* data;
    uint32_t size;
    std::string_view view() const { return {data, size}; }
  };
  /// Of a list; or the members of a struct, in the schema's order.
  struct Elements {
    uint32_t first;  // index in the row's elements
    uint32_t count;
  };
  struct Decimal {
    uint64_t low;
    int64_t high;
  };

  bool is_set = false;  // else null
  union {
    int64_t integer = 0;  // boolean, integers, date, time, timestamps
    double real;
    Decimal decimal;
    Bytes bytes;
    Elements elements;
  };

  void set(int64_t value) {
    integer = value;
    is_set = true;
  }
  void set_real(double value) {
    real = value;
    is_set = true;
  }
  void set_bytes(std::string_view value) {
    bytes = Bytes{value.data(), static_cast<uint32_t>(value.size())};
    is_set = true;
  }
};

}  // namespace laketide::json
