// Columns whose binary form is their bytes: text, json, jsonb, enums, bytea, uuid.
#include <arrow/array/array_binary.h>
#include <arrow/type.h>
#include <arrow/util/utf8.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "sinks/postgres/cell_encoder.h"

namespace laketide::postgres {
namespace {

enum class Check { kNone, kText, kJsonb };

constexpr const char* kZeroByte = "zero_byte";
constexpr const char* kBadUtf8 = "invalid_utf8";
constexpr size_t kFieldBytesMax = 1'000'000'000;  // PostgreSQL's MaxAllocSize, less the row's overhead

// True if JSON text has the escape of a zero character; a backslash that is escaped itself does not start one.
bool has_escaped_zero(std::string_view text) {
  for (size_t at = text.find("\\u0000"); at != std::string_view::npos; at = text.find("\\u0000", at + 1)) {
    size_t backslashes = 0;
    while (backslashes < at && text[at - 1 - backslashes] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return true;
  }
  return false;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

bool is_ascii(std::string_view text) {
  uint64_t bits = 0;
  size_t at = 0;
  for (uint64_t eight = 0; text.size() - at >= sizeof eight; at += sizeof eight) {
    std::memcpy(&eight, text.data() + at, sizeof eight);
    bits |= eight;
  }
  for (; at < text.size(); ++at) bits |= static_cast<unsigned char>(text[at]);
  return (bits & 0x8080808080808080) == 0;
}

bool valid_utf8(std::string_view text) {
  return arrow::util::ValidateUTF8(reinterpret_cast<const uint8_t*>(text.data()), static_cast<int64_t>(text.size()));
}

template <typename ArrayType>
class BytesCell final : public CellEncoder {
 public:
  BytesCell(Check check, std::string_view prefix) : check_(check), prefix_(prefix) { arrow::util::InitializeUTF8(); }

  void measure(const arrow::Array& values, size_t* sizes, RowRefusals& refusals) override {
    const auto& array = static_cast<const ArrayType&>(values);
    const int64_t rows = array.length();
    const bool each = check_ != Check::kNone && !all_clean(array);
    const bool nulls = array.null_count() != 0;
    if (!each && !nulls && all_bytes(array).size() <= kFieldBytesMax) {
      for (int64_t row = 0; row < rows; ++row) sizes[row] += 4 + prefix_.size() + array.GetView(row).size();
      return;
    }
    for (int64_t row = 0; row < rows; ++row) {
      if (nulls && array.IsNull(row)) {
        sizes[row] += 4;
        continue;
      }
      const std::string_view bytes = array.GetView(row);
      sizes[row] += 4 + prefix_.size() + bytes.size();
      if (bytes.size() > kFieldBytesMax) refusals.add(row, "too_long", "PostgreSQL takes at most 1 GB in a field");
      if (each) check_one(row, bytes, refusals);
    }
  }

  void write(const arrow::Array& values, char* out, size_t* at) override {
    const auto& array = static_cast<const ArrayType&>(values);
    const int64_t rows = array.length();
    const bool nulls = array.null_count() != 0;
    for (int64_t row = 0; row < rows; ++row) {
      char* cell = out + at[row];
      if (nulls && array.IsNull(row)) {
        put_big_endian<int32_t>(cell, -1);
        at[row] += 4;
        continue;
      }
      const std::string_view bytes = array.GetView(row);
      const size_t size = prefix_.size() + bytes.size();
      put_big_endian<int32_t>(cell, static_cast<int32_t>(size));
      std::copy(bytes.begin(), bytes.end(), std::copy(prefix_.begin(), prefix_.end(), cell + 4));
      at[row] += 4 + size;
    }
  }

 private:
  // Of all rows, which stand one behind the other.
  static std::string_view all_bytes(const ArrayType& array) {
    const int64_t rows = array.length();
    if (rows == 0) return {};
    if constexpr (std::is_same_v<ArrayType, arrow::FixedSizeBinaryArray>) {
      return {reinterpret_cast<const char*>(array.raw_values()), static_cast<size_t>(rows * array.byte_width())};
    } else {
      const auto* start = reinterpret_cast<const char*>(array.raw_data()) + array.value_offset(0);
      return {start, static_cast<size_t>(array.value_offset(rows) - array.value_offset(0))};
    }
  }

  // One look at the whole column: if its bytes together are clean and no value starts inside a character, each value is.
  bool all_clean(const ArrayType& array) const {
    if constexpr (std::is_same_v<ArrayType, arrow::FixedSizeBinaryArray>) {
      return false;
    } else {
      const int64_t rows = array.length();
      const std::string_view all = all_bytes(array);
      if (all.empty()) return true;
      if (std::memchr(all.data(), 0, all.size()) != nullptr) return false;
      if (check_ == Check::kJsonb && all.find("\\u0000") != std::string_view::npos) return false;
      if (is_ascii(all)) return true;
      if (!valid_utf8(all)) return false;
      for (int64_t row = 0; row < rows; ++row) {
        const auto from = static_cast<size_t>(array.value_offset(row) - array.value_offset(0));
        if (from < all.size() && is_continuation(all[from])) return false;
      }
      return true;
    }
  }

  void check_one(int64_t row, std::string_view bytes, RowRefusals& refusals) const {
    if (bytes.find('\0') != std::string_view::npos) {
      refusals.add(row, kZeroByte, "PostgreSQL's text cannot hold a zero byte; a column of type bytea can");
    } else if (!valid_utf8(bytes)) {
      refusals.add(row, kBadUtf8, "the text is not valid UTF-8");
    } else if (check_ == Check::kJsonb && has_escaped_zero(bytes)) {
      refusals.add(row, kZeroByte, "PostgreSQL's jsonb cannot hold the character \\u0000; a column of type json or text can");
    }
  }

  Check check_;
  std::string_view prefix_;
};

std::unique_ptr<CellEncoder> utf8_cell(const arrow::Field& field, Check check, std::string_view prefix) {
  if (field.type()->id() == arrow::Type::STRING) return std::make_unique<BytesCell<arrow::StringArray>>(check, prefix);
  return std::make_unique<BytesCell<arrow::LargeStringArray>>(check, prefix);
}

constexpr std::string_view kJsonbVersion("\x01", 1);

}  // namespace

std::unique_ptr<CellEncoder> make_text_cell(const arrow::Field& field, const std::string& base, bool is_enum) {
  switch (field.type()->id()) {
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
      if (base == "jsonb") return utf8_cell(field, Check::kJsonb, kJsonbVersion);
      if (is_enum || base == "text" || base == "varchar" || base == "bpchar" || base == "citext" || base == "json" ||
          base == "xml") {
        return utf8_cell(field, Check::kText, {});
      }
      return nullptr;
    case arrow::Type::BINARY:
      return base == "bytea" ? std::make_unique<BytesCell<arrow::BinaryArray>>(Check::kNone, std::string_view()) : nullptr;
    case arrow::Type::LARGE_BINARY:
      return base == "bytea" ? std::make_unique<BytesCell<arrow::LargeBinaryArray>>(Check::kNone, std::string_view()) : nullptr;
    case arrow::Type::FIXED_SIZE_BINARY: {
      const bool uuid = static_cast<const arrow::FixedSizeBinaryType&>(*field.type()).byte_width() == 16 && base == "uuid";
      if (!uuid && base != "bytea") return nullptr;
      return std::make_unique<BytesCell<arrow::FixedSizeBinaryArray>>(Check::kNone, std::string_view());
    }
    default: return nullptr;
  }
}

}  // namespace laketide::postgres
