#include "operators/key_codec.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include "base/ordered_bits.h"
#include "expr/decimal.h"
#include "expr/value_columns.h"
#include "flow/arrow_status.h"

namespace laketide {
namespace {

constexpr uint8_t kValue = 0, kNull = 1;  // NULLS LAST
constexpr char kEscape = '\0';
constexpr std::string_view kEnd("\0\0", 2), kZero("\0\xff", 2);

// Bytes of the value in an encoded row; 0: text or bytes; -1: cannot be a key.
int width_of(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
    case arrow::Type::INT8: return 1;
    case arrow::Type::INT16: return 2;
    case arrow::Type::INT32:
    case arrow::Type::UINT32:
    case arrow::Type::DATE32:
    case arrow::Type::FLOAT: return 4;
    case arrow::Type::INT64:
    case arrow::Type::TIME64:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DOUBLE: return 8;
    case arrow::Type::DECIMAL128: return 16;
    case arrow::Type::STRING:
    case arrow::Type::BINARY: return 0;
    default: return -1;
  }
}

// Calls `work.template operator()<Bits, Key>()` for a type whose values are 1 to 8 bytes wide.
template <typename Work>
void with_key(const arrow::DataType& type, Work&& work) {
  switch (type.id()) {
    case arrow::Type::INT8: return work.template operator()<uint8_t, SignedKey<uint8_t>>();
    case arrow::Type::INT16: return work.template operator()<uint16_t, SignedKey<uint16_t>>();
    case arrow::Type::UINT32: return work.template operator()<uint32_t, UnsignedKey<uint32_t>>();
    case arrow::Type::INT32:
    case arrow::Type::DATE32: return work.template operator()<uint32_t, SignedKey<uint32_t>>();
    case arrow::Type::FLOAT: return work.template operator()<uint32_t, FloatKey<float, uint32_t>>();
    case arrow::Type::DOUBLE: return work.template operator()<uint64_t, FloatKey<double, uint64_t>>();
    default: return work.template operator()<uint64_t, SignedKey<uint64_t>>();
  }
}

}  // namespace

/// Where the next column of each row goes. Confined to its task.
struct KeyCursor {
  uint8_t* base;
  size_t stride;                // rows of one width
  size_t at;                    // of the column in the row
  std::vector<size_t>* places;  // rows that differ: their next byte

  uint8_t* to(int64_t row) const { return base + (places != nullptr ? (*places)[static_cast<size_t>(row)] : static_cast<size_t>(row) * stride + at); }
  void advance(int64_t row, size_t bytes) {
    if (places != nullptr) (*places)[static_cast<size_t>(row)] += bytes;
  }
};

namespace {

/// What stands before the values of a column. Immutable.
struct Marks {
  bool nullable;
  uint8_t null;
  uint8_t of(bool is_null) const { return is_null ? null : static_cast<uint8_t>(1 - null); }
  size_t width() const { return nullable ? 1 : 0; }
};

template <typename Write>
void write_rows(const arrow::Array& array, Marks marks, int64_t rows, size_t width, KeyCursor& cursor, const Write& write) {
  const bool nulls = array.null_count() > 0;
  for (int64_t row = 0; row < rows; ++row) {
    uint8_t* to = cursor.to(row);
    const bool null = nulls && array.IsNull(row);
    if (marks.nullable) *to++ = marks.of(null);
    if (null) std::memset(to, 0, width);
    else write(row, to);
    cursor.advance(row, width + marks.width());
  }
}

void write_fixed(const arrow::Array& array, Marks marks, int64_t rows, size_t width, KeyCursor& cursor) {
  if (array.type_id() == arrow::Type::BOOL) {
    const expr::Values<bool> values(array);
    return write_rows(array, marks, rows, width, cursor, [&](int64_t row, uint8_t* to) { *to = values[row] ? 1 : 0; });
  }
  if (array.type_id() == arrow::Type::DECIMAL128) {
    const expr::Values<expr::Int128> values(array);
    return write_rows(array, marks, rows, width, cursor, [&](int64_t row, uint8_t* to) {
      const expr::Int128 value = values[row];
      const uint64_t halves[2] = {big_endian(SignedKey<uint64_t>::to(static_cast<uint64_t>(value >> 64))), big_endian(static_cast<uint64_t>(value))};
      std::memcpy(to, halves, sizeof halves);
    });
  }
  with_key(*array.type(), [&]<typename Bits, typename Key>() {
    const expr::Values<Bits> values(array);
    write_rows(array, marks, rows, width, cursor, [&](int64_t row, uint8_t* to) {
      const Bits key = big_endian(Key::to(values[row]));
      std::memcpy(to, &key, sizeof key);
    });
  });
}

size_t escaped_size(std::string_view text) { return text.size() + static_cast<size_t>(std::count(text.begin(), text.end(), kEscape)) + kEnd.size(); }

uint8_t* write_escaped(std::string_view text, uint8_t* to) {
  while (true) {
    const size_t zero = text.find(kEscape);
    const size_t plain = std::min(zero, text.size());
    if (plain > 0) std::memcpy(to, text.data(), plain);
    to += plain;
    std::memcpy(to, zero == std::string_view::npos ? kEnd.data() : kZero.data(), kEnd.size());
    to += kEnd.size();
    if (zero == std::string_view::npos) return to;
    text.remove_prefix(zero + 1);
  }
}

void write_bytes(const arrow::Array& array, Marks marks, bool last, int64_t rows, KeyCursor& cursor) {
  const expr::Values<std::string_view> values(array);
  const bool nulls = array.null_count() > 0;
  for (int64_t row = 0; row < rows; ++row) {
    uint8_t* const begin = cursor.to(row);
    uint8_t* to = begin;
    const bool null = nulls && array.IsNull(row);
    if (marks.nullable) *to++ = marks.of(null);
    if (!null && last) {
      const std::string_view text = values[row];
      if (!text.empty()) std::memcpy(to, text.data(), text.size());
      to += text.size();
    } else if (!null) {
      to = write_escaped(values[row], to);
    }
    cursor.advance(row, static_cast<size_t>(to - begin));
  }
}

void add_sizes(const arrow::Array& array, bool nullable, bool last, int64_t rows, std::vector<size_t>& sizes) {
  const expr::Values<std::string_view> values(array);
  const bool nulls = array.null_count() > 0;
  for (int64_t row = 0; row < rows; ++row) {
    size_t size = nullable ? 1 : 0;
    if (!nulls || !array.IsNull(row)) size += last ? values[row].size() : escaped_size(values[row]);
    sizes[static_cast<size_t>(row)] += size;
  }
}

using Views = std::vector<std::string_view>;

// Takes a column off the front of each row.
template <typename T, typename Read>
arrow::Result<std::shared_ptr<arrow::Array>> read_fixed(const expr::Type& type, bool nullable, size_t width, Views& rows, arrow::MemoryPool* memory,
                                                        const Read& read) {
  return expr::fixed_column<T>(type, static_cast<int64_t>(rows.size()), memory, [&](int64_t i, T& out) {
    std::string_view& row = rows[static_cast<size_t>(i)];
    const bool null = nullable && row.front() == kNull;
    if (nullable) row.remove_prefix(1);
    if (!null) out = read(row.data());
    row.remove_prefix(width);
    return !null;
  });
}

template <typename Bits>
Bits bits_at(const char* from) {
  Bits bits;
  std::memcpy(&bits, from, sizeof bits);
  return big_endian(bits);
}

arrow::Result<std::shared_ptr<arrow::Array>> read_booleans(bool nullable, Views& rows, arrow::MemoryPool* memory) {
  expr::Type byte(expr::TypeId::kOther);
  byte.other = arrow::uint8();
  ARROW_ASSIGN_OR_RAISE(auto bytes, read_fixed<uint8_t>(byte, nullable, 1, rows, memory, [](const char* from) { return static_cast<uint8_t>(*from); }));
  const expr::Values<uint8_t> values(*bytes);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits, arrow::AllocateEmptyBitmap(bytes->length(), memory));
  for (int64_t row = 0; row < bytes->length(); ++row) arrow::bit_util::SetBitTo(bits->mutable_data(), row, values[row] != 0);
  return arrow::MakeArray(arrow::ArrayData::Make(arrow::boolean(), bytes->length(), {bytes->null_bitmap(), bits}, bytes->null_count()));
}

arrow::Result<std::shared_ptr<arrow::Array>> read_bytes(const expr::Type& type, bool nullable, bool last, Views& rows, arrow::MemoryPool* memory) {
  std::string text;
  return expr::bytes_column(type, static_cast<int64_t>(rows.size()), memory, [&](int64_t i, std::string_view& out) {
    std::string_view& row = rows[static_cast<size_t>(i)];
    const bool null = nullable && row.front() == kNull;
    if (nullable) row.remove_prefix(1);
    if (null) return false;
    if (last) {
      out = std::exchange(row, {});
      return true;
    }
    text.clear();
    while (true) {
      const size_t zero = row.find(kEscape);
      text.append(row.substr(0, zero));
      const bool end = row[zero + 1] == kEnd[1];
      row.remove_prefix(zero + kEnd.size());
      if (end) break;
      text += kEscape;
    }
    out = text;
    return true;
  });
}

}  // namespace

Result<KeyCodec> KeyCodec::make(const arrow::Schema& columns) {
  constexpr size_t kWord = 8;
  KeyCodec codec;
  for (int i = 0; i < columns.num_fields(); ++i) {
    const auto& field = columns.field(i);
    const int width = width_of(*field->type());
    if (width < 0) {
      return Status::user("key_type", "values of this type cannot be compared, so that they are no key; take a part of it, or its text: " + field->name() + " " + field->type()->ToString());
    }
    codec.columns_.push_back({field->type(), field->nullable(), i + 1 == columns.num_fields(), width, kNull, false});
    codec.fixed_ &= width > 0;
    codec.width_ += static_cast<size_t>(width) + (field->nullable() ? 1 : 0);
  }
  codec.width_ = codec.fixed_ ? (codec.width_ + kWord - 1) / kWord * kWord : 0;
  return codec;
}

Result<KeyCodec> KeyCodec::make(const arrow::Schema& columns, std::span<const KeyOrder> orders) {
  LT_ASSIGN_OR_RETURN(KeyCodec codec, make(columns));
  for (size_t i = 0; i < orders.size(); ++i) {
    Column& column = codec.columns_[i];
    column.null_mark = orders[i].nulls_first == orders[i].descending ? kNull : kValue;
    column.inverted = orders[i].descending;
    column.last &= !column.inverted;  // a shorter text is the larger one only if its end is written
  }
  return codec;
}

void KeyCodec::encode(std::span<const std::shared_ptr<arrow::Array>> columns, int64_t rows, KeyRows& out) const {
  out.width = width_;
  out.offsets.clear();
  std::vector<size_t> places;
  if (fixed_) {
    out.bytes.assign(static_cast<size_t>(rows) * width_, 0);
  } else {
    size_t fixed = 0;
    for (const Column& column : columns_) fixed += column.width == 0 ? 0 : static_cast<size_t>(column.width) + (column.nullable ? 1 : 0);
    places.assign(static_cast<size_t>(rows), fixed);
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].width == 0) add_sizes(*columns[i], columns_[i].nullable, columns_[i].last, rows, places);
    }
    // Each place becomes where its row begins.
    out.offsets.resize(places.size() + 1);
    size_t end = 0;
    for (size_t row = 0; row < places.size(); ++row) {
      const size_t size = std::exchange(places[row], end);
      out.offsets[row] = end;
      end += size;
    }
    out.offsets[places.size()] = end;
    out.bytes.resize(end);  // every byte of it is written
  }
  KeyCursor cursor{out.bytes.data(), width_, 0, fixed_ ? nullptr : &places};
  for (size_t i = 0; i < columns_.size(); ++i) encode_column(columns_[i], *columns[i], rows, cursor);
}

void KeyCodec::encode_column(const Column& column, const arrow::Array& array, int64_t rows, KeyCursor& cursor) const {
  const Marks marks{column.nullable, column.null_mark};
  const size_t width = static_cast<size_t>(column.width) + marks.width();
  std::vector<uint8_t*> begins;
  for (int64_t row = 0; column.inverted && row < rows; ++row) begins.push_back(cursor.to(row));
  if (column.width == 0) {
    write_bytes(array, marks, column.last, rows, cursor);
  } else {
    write_fixed(array, marks, rows, static_cast<size_t>(column.width), cursor);
    cursor.at += width;
  }
  for (int64_t row = 0; column.inverted && row < rows; ++row) {
    uint8_t* const begin = begins[static_cast<size_t>(row)];
    uint8_t* const end = fixed_ ? begin + width : cursor.to(row);
    std::transform(begin, end, begin, [](uint8_t byte) { return static_cast<uint8_t>(~byte); });
  }
}

Result<Columns> KeyCodec::decode(std::span<const std::string_view> rows, arrow::MemoryPool* memory) const {
  Views rest(rows.begin(), rows.end());
  Columns out;
  for (const Column& column : columns_) {
    expr::Type type(expr::TypeId::kOther);  // any Arrow type by its own name
    type.other = column.type;
    arrow::Result<std::shared_ptr<arrow::Array>> array;
    if (column.width == 0) {
      array = read_bytes(type, column.nullable, column.last, rest, memory);
    } else if (column.type->id() == arrow::Type::BOOL) {
      array = read_booleans(column.nullable, rest, memory);
    } else if (column.type->id() == arrow::Type::DECIMAL128) {
      array = read_fixed<expr::Int128>(type, column.nullable, 16, rest, memory, [](const char* from) {
        const auto high = static_cast<int64_t>(SignedKey<uint64_t>::from(bits_at<uint64_t>(from)));
        return static_cast<expr::Int128>(high) * (static_cast<expr::Int128>(1) << 64) + bits_at<uint64_t>(from + 8);
      });
    } else {
      with_key(*column.type, [&]<typename Bits, typename Key>() {
        array = read_fixed<Bits>(type, column.nullable, sizeof(Bits), rest, memory, [](const char* from) { return Key::from(bits_at<Bits>(from)); });
      });
    }
    if (!array.ok()) return from_arrow(array.status());
    out.push_back(std::move(array).ValueUnsafe());
  }
  return out;
}

}  // namespace laketide
