// The binary form of one column's values in a COPY stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <arrow/type_fwd.h>

#include "laketide/status.h"

namespace laketide::postgres {

/// Rows of a batch that cannot be encoded, each with the first reason found. Confined to its task.
class RowRefusals {
 public:
  struct Refusal {
    int64_t row;
    const char* code;
    std::string reason;
  };
  void reset(int64_t rows) {
    refused_.assign(static_cast<size_t>(rows), 0);
    list_.clear();
  }
  void add(int64_t row, const char* code, std::string reason) {
    if (refused_[static_cast<size_t>(row)] != 0) return;
    refused_[static_cast<size_t>(row)] = 1;
    list_.push_back({row, code, std::move(reason)});
  }
  bool contains(int64_t row) const { return refused_[static_cast<size_t>(row)] != 0; }
  const std::vector<Refusal>& list() const { return list_; }

 private:
  std::vector<uint8_t> refused_;
  std::vector<Refusal> list_;
};

/// Encodes a column in two passes, so that rows of many columns can be laid out without copying: `measure` says how long
/// each field is, `write` puts it there. A field is int32 length and bytes, length -1 for NULL, all big-endian (facts:
/// PostgreSQL's COPY documentation, "Binary Format"). Confined to its task.
class CellEncoder {
 public:
  virtual ~CellEncoder() = default;
  /// Adds each row's field to `sizes`; refused rows too, with whatever size they will be written in.
  virtual void measure(const arrow::Array& values, size_t* sizes, RowRefusals& refusals) = 0;
  /// Writes the fields of the array measured last, at out + at[row], and moves at[row] behind them.
  virtual void write(const arrow::Array& values, char* out, size_t* at) = 0;
};

/// A column of the target as far as encoding goes. Immutable.
struct ColumnType {
  std::string name;         // of the column
  std::string sql_name;     // as format_type prints it: numeric(10,2)
  std::string base;         // pg_type.typname under all domains: numeric, _int4
  bool is_enum = false;
  uint32_t element_oid = 0;      // arrays: what the binary form must name
  std::string element_base;      // arrays: as base
  bool element_is_enum = false;
};

/// The encoder from an Arrow field to a column. Fails `kUser` `schema_mismatch`, saying what to cast to what.
Result<std::unique_ptr<CellEncoder>> make_cell_encoder(const arrow::Field& field, const ColumnType& column);

/// True if the field's text is JSON: utf8 whose metadata say laketide.type=jsonb.
bool is_json_text(const arrow::Field& field);

/// Puts an integer into the stream's byte order.
template <typename Integer>
void put_big_endian(char* out, Integer value) {
  std::make_unsigned_t<Integer> bits = static_cast<std::make_unsigned_t<Integer>>(value);
  if constexpr (sizeof(Integer) == 8) bits = __builtin_bswap64(bits);
  if constexpr (sizeof(Integer) == 4) bits = __builtin_bswap32(bits);
  if constexpr (sizeof(Integer) == 2) bits = __builtin_bswap16(bits);
  std::memcpy(out, &bits, sizeof bits);
}

// The kinds of encoders, each in its own file; make_cell_encoder chooses. Null: this kind has none for the pair.
std::unique_ptr<CellEncoder> make_fixed_cell(const arrow::Field& field, const std::string& base);
std::unique_ptr<CellEncoder> make_text_cell(const arrow::Field& field, const std::string& base, bool is_enum);
std::unique_ptr<CellEncoder> make_built_cell(const arrow::Field& field, const std::string& base);
std::unique_ptr<CellEncoder> make_array_cell(const arrow::Field& field, const ColumnType& column);

}  // namespace laketide::postgres
