#include "formats/json/quick_reader.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>

#include "base/iso_time.h"

namespace laketide::json {
namespace {

static_assert(std::endian::native == std::endian::little, "eight characters are looked at as one number, the first in its lowest byte");

/// A text that is being read; it ends in a 0, so that nothing needs to ask where the end is. Confined to its task.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool at_end() const { return at_ == end_; }
  char peek() const { return *at_; }
  bool take(char wanted) {
    if (*at_ != wanted) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view wanted) {
    if (static_cast<size_t>(end_ - at_) < wanted.size() || std::memcmp(at_, wanted.data(), wanted.size()) != 0) return false;
    at_ += wanted.size();
    return true;
  }
  /// As take, of a text that has 8 readable bytes behind it and no 0 in it: eight characters at once, and no call. What is read is never
  /// more than 8 bytes behind the end, as the 0 that stands there is not in `wanted`.
  bool take_padded(std::string_view wanted) {
    size_t done = 0;
    for (; done + 8 <= wanted.size(); done += 8) {
      if (eight_at(at_ + done) != eight_at(wanted.data() + done)) return false;
    }
    const uint64_t differs = eight_at(at_ + done) ^ eight_at(wanted.data() + done);
    if (done < wanted.size() && differs << (64 - 8 * (wanted.size() - done)) != 0) return false;
    at_ += wanted.size();
    return true;
  }

  /// A string in quotes, of which nothing has to be unescaped or checked.
  bool text(std::string_view& out) {
    if (!take('"')) return false;
    const char* const begin = at_;
    for (;; at_ += 8) {
      const uint64_t stops = stops_in(at_);
      if (stops == 0) continue;
      at_ += std::countr_zero(stops) / 8;
      break;
    }
    out = {begin, static_cast<size_t>(at_ - begin)};
    return take('"');
  }

  /// `-`, digits without a zero in front; at most 18, so that they fit.
  bool integer(int64_t& out) {
    const bool negative = take('-');
    const char* const begin = at_;
    uint64_t number = 0;
    digits(number);
    const auto count = at_ - begin;
    if (count == 0 || count > 18 || (*begin == '0' && count > 1)) return false;
    out = negative ? -static_cast<int64_t>(number) : static_cast<int64_t>(number);
    return ends_value();
  }

  /// Up to 15 digits with a point among them: digits and power of ten are exact as doubles, so their quotient is rounded once
  /// (Clinger 1990, "How to read floating point numbers accurately").
  bool real(double& out) {
    const bool negative = take('-');
    const char* const begin = at_;
    uint64_t number = 0;
    digits(number);
    const auto whole = at_ - begin;
    if (whole == 0 || (*begin == '0' && whole > 1)) return false;
    ptrdiff_t behind = 0;
    if (take('.')) {
      const char* const point = at_;
      digits(number);
      behind = at_ - point;
      if (behind == 0) return false;
    }
    if (whole + behind > kExactDigits) return false;
    const double value = static_cast<double>(number) / kPowers[static_cast<size_t>(behind)];
    out = negative ? -value : value;
    return ends_value();
  }

  bool ends_value() const { return *at_ == ',' || *at_ == '}'; }

 private:
  static constexpr ptrdiff_t kExactDigits = 15;
  static constexpr std::array<double, kExactDigits + 1> kPowers = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

  void digits(uint64_t& number) {
    for (unsigned digit; (digit = static_cast<unsigned char>(*at_) - unsigned{'0'}) <= 9; ++at_) number = number * 10 + digit;
  }

  static uint64_t eight_at(const char* at) {
    uint64_t eight;
    std::memcpy(&eight, at, sizeof eight);
    return eight;
  }

  /// The top bit of each of eight characters that is a quote, a backslash, a control character or not ASCII. What stands behind the first
  /// such character may be wrong: a character that is not ASCII carries into the next.
  static uint64_t stops_in(const char* at) {
    constexpr uint64_t kOnes = 0x0101010101010101, kTops = 0x8080808080808080;
    // Adding 0x7f sets the top bit of whatever is not 0, adding 0x60 that of whatever is not below 0x20.
    const uint64_t eight = eight_at(at), quote = eight ^ (kOnes * '"'), backslash = eight ^ (kOnes * '\\');
    const uint64_t plain = (quote + kOnes * 0x7f) & (backslash + kOnes * 0x7f) & (eight + kOnes * 0x60);
    return (~plain | eight) & kTops;
  }

  const char* at_;
  const char* const end_;
};

bool reads(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kBoolean:
    case ColumnKind::kSmallint:
    case ColumnKind::kInt:
    case ColumnKind::kBigint:
    case ColumnKind::kReal:
    case ColumnKind::kDouble:
    case ColumnKind::kText:
    case ColumnKind::kDate:
    case ColumnKind::kTimestamp:
    case ColumnKind::kTimestamptz:
    case ColumnKind::kRescued: return true;
    default: return false;
  }
}

template <typename T>
bool read_integer(Cursor& cursor, Cell& cell) {
  int64_t number = 0;
  if (!cursor.integer(number) || number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) return false;
  cell.set(number);
  return true;
}

bool read_real(Cursor& cursor, Cell& cell) {
  double number = 0;
  if (!cursor.real(number)) return false;
  cell.set_real(number);
  return true;
}

bool read_date_or_time(Cursor& cursor, ColumnKind kind, Cell& cell) {
  std::string_view text;
  if (!cursor.text(text)) return false;
  if (kind == ColumnKind::kDate) {
    const auto days = parse_iso_date(text);
    if (days) cell.set(*days);
    return days.has_value();
  }
  const auto time = parse_iso_time(text);
  if (time) cell.set(time->instant.micros);
  return time.has_value();
}

bool read_value(Cursor& cursor, ColumnKind kind, Cell& cell) {
  cell.is_set = false;
  if (cursor.peek() == 'n') return cursor.take("null") && cursor.ends_value();
  switch (kind) {
    case ColumnKind::kSmallint: return read_integer<int16_t>(cursor, cell);
    case ColumnKind::kInt: return read_integer<int32_t>(cursor, cell);
    case ColumnKind::kBigint: return read_integer<int64_t>(cursor, cell);
    case ColumnKind::kReal:
    case ColumnKind::kDouble: return read_real(cursor, cell);
    case ColumnKind::kText: {
      std::string_view text;
      if (!cursor.text(text)) return false;
      cell.set_bytes(text);
      return true;
    }
    case ColumnKind::kBoolean:
      cell.set(cursor.peek() == 't');
      return cursor.take(cursor.peek() == 't' ? "true" : "false");
    default: return read_date_or_time(cursor, kind, cell);
  }
}

bool skip_value(Cursor& cursor) {
  std::string_view text;
  double number = 0;
  switch (cursor.peek()) {
    case '"': return cursor.text(text);
    case 't': return cursor.take("true");
    case 'f': return cursor.take("false");
    case 'n': return cursor.take("null");
    default: return cursor.real(number);
  }
}

}  // namespace

QuickReader::QuickReader(const std::vector<Column>& columns, bool ignores_unknown)
    : ignores_unknown_(ignores_unknown),
      usable_(std::all_of(columns.begin(), columns.end(), [](const Column& column) { return reads(column.kind); })) {}

bool QuickReader::read(std::string_view text, const ColumnPlan& plan, std::vector<Cell>& cells) {
  constexpr size_t kLongestPause = 256;
  if (!usable_) return false;
  if (pause_ > 0) {
    --pause_;
    return false;
  }
  if (read_fields(text, plan, cells)) {
    misses_ = 0;
    return true;
  }
  // The first miss costs nothing more: the parser then remembers the new order of the fields.
  pause_ = std::min(misses_ * misses_, kLongestPause);
  ++misses_;
  return false;
}

bool QuickReader::read_fields(std::string_view text, const ColumnPlan& plan, std::vector<Cell>& cells) const {
  Cursor cursor(text);
  if (!cursor.take('{')) return false;
  for (size_t position = 0;; ++position) {
    const std::string_view key = plan.expected_key(position);
    if (key.empty() || !cursor.take_padded(key)) return false;
    const int column = plan.expected_column(position);
    if (column == kUnknownField && !ignores_unknown_) return false;
    const bool read = column < 0 ? skip_value(cursor)
                                 : read_value(cursor, plan.columns()[static_cast<size_t>(column)].kind, cells[static_cast<size_t>(column)]);
    if (!read) return false;
    if (cursor.take(',')) continue;
    return cursor.take('}') && cursor.at_end();
  }
}

}  // namespace laketide::json
