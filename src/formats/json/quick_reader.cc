#include "formats/json/quick_reader.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/eight_digits.h"

namespace laketide::json {
namespace {

/// A text that is being read; it ends in a 0, so that nothing needs to ask where the end is. Confined to its task.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool at_end() const { return at_ == end_; }
  int64_t left() const { return end_ - at_; }
  char peek() const { return *at_; }
  bool take(char wanted) {
    if (*at_ != wanted) return false;
    ++at_;
    return true;
  }
  /// A text without a 0 in it, eight characters at once and without a call; 8 bytes behind it can be read. What is read of ours is never
  /// more than 8 bytes behind the end, as the 0 that stands there is not in `wanted`.
  bool take(std::string_view wanted) {
    const size_t size = wanted.size();
    if (size < 8) {
      if ((eight_at(at_) ^ eight_at(wanted.data())) << (64 - 8 * size) != 0) return false;
    } else {
      for (size_t done = 0; done + 8 <= size; done += 8) {
        if (eight_at(at_ + done) != eight_at(wanted.data() + done)) return false;
      }
      if (eight_at(at_ + size - 8) != eight_at(wanted.data() + size - 8)) return false;
    }
    at_ += size;
    return true;
  }
  /// A word of a length that is known here: no call.
  template <size_t N>
  bool take_word(const char (&wanted)[N]) {
    if (std::memcmp(at_, wanted, N - 1) != 0) return false;
    at_ += N - 1;
    return true;
  }

  /// A string in quotes, of which nothing has to be unescaped or checked.
  bool text(std::string_view& out) {
    if (!take('"')) return false;
    const char* const begin = at_;
    uint64_t stops = stops_in(eight_at(at_));
    if (stops == 0) {
      at_ += 8;
      while (!has_stop_in_sixteen(at_)) at_ += 16;
      while ((stops = stops_in(eight_at(at_))) == 0) at_ += 8;
    }
    at_ += std::countr_zero(stops) / 8;
    out = {begin, static_cast<size_t>(at_ - begin)};
    return take('"');
  }
  /// The same, written to `to`, which has room for what is left; its size, or -1.
  int64_t copy_text(char* to) {
    if (!take('"')) return -1;
    const char* const begin = at_;
    for (;; at_ += 8, to += 8) {
      const uint64_t eight = eight_at(at_), stops = stops_in(eight);
      std::memcpy(to, &eight, sizeof eight);
      if (stops == 0) continue;
      at_ += std::countr_zero(stops) / 8;
      const int64_t size = at_ - begin;
      return take('"') ? size : -1;
    }
  }
  bool time(CommonTimeReader& times, int64_t& micros) {
    if (peek() != '"') return false;
    const size_t size = times.read(at_ + 1, micros);
    if (size == 0 || at_[size + 1] != '"') return false;
    at_ += size + 2;
    return true;
  }

  /// `-`, digits without a zero in front; at most 18, so that they fit.
  bool integer(int64_t& out) {
    const bool negative = take('-');
    const char first = peek();
    uint64_t number = 0;
    const int count = digits(number);
    if (count == 0 || count > 18 || (first == '0' && count > 1)) return false;
    out = negative ? -static_cast<int64_t>(number) : static_cast<int64_t>(number);
    return ends_value();
  }

  /// Up to 15 digits with a point among them: digits and power of ten are exact as doubles, so their quotient is rounded once
  /// (Clinger 1990, "How to read floating point numbers accurately").
  bool real(double& out) {
    const bool negative = take('-');
    const char first = peek();
    uint64_t number = 0;
    int whole = 0, behind = 0;
    if (!short_real(number, whole, behind)) {
      whole = digits(number);
      if (whole == 0) return false;
      if (take('.') && (behind = digits(number)) == 0) return false;
    }
    if ((first == '0' && whole > 1) || whole + behind > kExactDigits) return false;
    const double value = static_cast<double>(number) / kPowers[static_cast<size_t>(behind)];
    out = negative ? -value : value;
    return ends_value();
  }

  /// A number of any size, of which nobody wants the value.
  bool skip_number() {
    (void)take('-');
    const char first = peek();
    const int64_t whole = skip_digits();
    if (whole == 0 || (first == '0' && whole > 1)) return false;
    if (take('.') && skip_digits() == 0) return false;
    return ends_value();
  }

  bool ends_value() const { return *at_ == ',' || *at_ == '}'; }

 private:
  static constexpr int kExactDigits = 15;
  static constexpr std::array<uint64_t, 9> kTens = {1, 10, 100, 1000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};
  static constexpr std::array<double, kExactDigits + 1> kPowers = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

  /// Puts them behind the digits of `number`, which is right up to 18 in all; how many.
  int digits(uint64_t& number) {
    uint64_t made = number;
    int all = 0, count = 8;
    while (count == 8) {
      const uint64_t eight = eight_at(at_);
      count = leading_digits(eight);
      if (count == 0) break;
      made = made * kTens[static_cast<size_t>(count)] + digits_value(eight, count);
      at_ += count;
      all += count;
    }
    number = made;
    return all;
  }
  int64_t skip_digits() {
    const char* const begin = at_;
    int count = 8;
    while (count == 8) at_ += count = leading_digits(eight_at(at_));
    return at_ - begin;
  }
  /// Digits with a point among them that fit into eight characters with one behind: the point is taken out.
  bool short_real(uint64_t& number, int& whole, int& behind) {
    const uint64_t eight = eight_at(at_);
    whole = leading_digits(eight);
    if (whole == 0 || whole > 6 || at_[whole] != '.') return false;
    const uint64_t front = (uint64_t{1} << (8 * whole)) - 1, joined = (eight & front) | (eight >> 8 & ~front);
    const int all = leading_digits(joined);  // the eighth is a 0 now
    behind = all - whole;
    if (behind == 0 || all == 7) return false;
    number = digits_value(joined, all);
    at_ += all + 1;
    return true;
  }
  /// The top bit of each of eight characters that is a quote, a backslash, a control character or not ASCII. What stands behind the first
  /// such character may be wrong: a character that is not ASCII carries into the next.
  static uint64_t stops_in(uint64_t eight) {
    constexpr uint64_t kOnes = 0x0101010101010101, kTops = 0x8080808080808080;
    // Adding 0x7f sets the top bit of whatever is not 0, adding 0x60 that of whatever is not below 0x20.
    const uint64_t quote = eight ^ (kOnes * '"'), backslash = eight ^ (kOnes * '\\');
    const uint64_t plain = (quote + kOnes * 0x7f) & (backslash + kOnes * 0x7f) & (eight + kOnes * 0x60);
    return (~plain | eight) & kTops;
  }

  /// Whether there is one among sixteen characters.
  static bool has_stop_in_sixteen(const char* at) {
    using Sixteen [[gnu::vector_size(16)]] = signed char;  // what is not ASCII is below zero
    Sixteen text;
    std::memcpy(&text, at, sizeof text);
    const auto stops = (text < 0x20) | (text == '"') | (text == '\\');
    std::array<uint64_t, 2> halves;
    std::memcpy(halves.data(), &stops, sizeof stops);
    return (halves[0] | halves[1]) != 0;
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
bool read_integer(Cursor& cursor, PlainColumn& column, int64_t row) {
  int64_t number = 0;
  if (!cursor.integer(number) || number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) return false;
  column.set(row, static_cast<T>(number));
  return true;
}

template <typename T>
bool read_real(Cursor& cursor, PlainColumn& column, int64_t row) {
  double number = 0;
  if (!cursor.real(number)) return false;
  column.set(row, static_cast<T>(number));
  return true;
}

bool read_text(Cursor& cursor, PlainColumn& column, int64_t row) {
  char* const to = column.text_room(row, cursor.left() + 8);  // eight characters at once
  const int64_t size = to == nullptr ? -1 : cursor.copy_text(to);
  if (size >= 0) column.set_text_size(row, size);
  return size >= 0;
}

bool read_boolean(Cursor& cursor, PlainColumn& column, int64_t row) {
  const bool value = cursor.peek() == 't';
  column.set_boolean(row, value);
  return value ? cursor.take_word("true") : cursor.take_word("false");
}

bool read_date(Cursor& cursor, PlainColumn& column, int64_t row) {
  std::string_view text;
  if (!cursor.text(text)) return false;
  const auto days = parse_iso_date(text);
  if (days) column.set(row, *days);
  return days.has_value();
}

bool read_time(Cursor& cursor, CommonTimeReader& times, PlainColumn& column, int64_t row) {
  int64_t micros = 0;
  if (!cursor.time(times, micros)) {
    std::string_view text;
    if (!cursor.text(text)) return false;
    const auto time = parse_iso_time(text);
    if (!time) return false;
    micros = time->instant.micros;
  }
  column.set(row, micros);
  return true;
}

bool take_null(Cursor& cursor) { return cursor.take_word("null") && cursor.ends_value(); }

bool skip_value(Cursor& cursor) {
  std::string_view text;
  switch (cursor.peek()) {
    case '"': return cursor.text(text);
    case 't': return cursor.take_word("true");
    case 'f': return cursor.take_word("false");
    case 'n': return take_null(cursor);
    default: return cursor.skip_number();
  }
}

bool read_value(Cursor& cursor, ColumnKind kind, CommonTimeReader& times, PlainColumn& column, int64_t row) {
  switch (kind) {
    case ColumnKind::kSmallint: return read_integer<int16_t>(cursor, column, row);
    case ColumnKind::kInt: return read_integer<int32_t>(cursor, column, row);
    case ColumnKind::kBigint: return read_integer<int64_t>(cursor, column, row);
    case ColumnKind::kReal: return read_real<float>(cursor, column, row);
    case ColumnKind::kDouble: return read_real<double>(cursor, column, row);
    case ColumnKind::kText: return read_text(cursor, column, row);
    case ColumnKind::kBoolean: return read_boolean(cursor, column, row);
    case ColumnKind::kDate: return read_date(cursor, column, row);
    default: return read_time(cursor, times, column, row);
  }
}

}  // namespace

QuickReader::QuickReader(const std::vector<Column>& columns, std::vector<PlainColumn*> targets, bool ignores_unknown) : ignores_unknown_(ignores_unknown) {
  usable_ = targets.size() == columns.size() && std::ranges::all_of(columns, [](const Column& column) { return reads(column.kind); });
  if (!usable_) return;
  for (size_t i = 0; i < columns.size(); ++i) targets_.push_back({targets[i], columns[i].kind, columns[i].not_null, 0});
}

bool QuickReader::read(std::string_view text, const ColumnPlan& plan, int64_t row) {
  constexpr size_t kLongestPause = 256;
  if (!usable_) return false;
  if (pause_ > 0) {
    --pause_;
    return false;
  }
  if (read_fields(text, plan, row)) {
    misses_ = 0;
    return true;
  }
  // The first miss costs nothing more: the parser then remembers the new order of the fields.
  pause_ = std::min(misses_ * misses_, kLongestPause);
  ++misses_;
  return false;
}

bool QuickReader::read_fields(std::string_view text, const ColumnPlan& plan, int64_t row) {
  Cursor cursor(text);
  if (!cursor.take('{')) return false;
  ++record_;
  size_t found = 0;
  for (const ColumnPlan::Expected& field : plan.order()) {
    if (field.key_size == 0 || !cursor.take(field.key_text())) return false;
    const int index = field.column;
    if (index >= 0) {
      Target& target = targets_[static_cast<size_t>(index)];
      if (target.record == record_) return false;  // twice
      target.record = record_;
      ++found;
      const bool is_null = cursor.peek() == 'n';
      if (is_null ? target.not_null || !take_null(cursor) || !target.column->set_null(row) : !read_value(cursor, target.kind, times_, *target.column, row)) return false;
    } else if ((index == kUnknownField && !ignores_unknown_) || !skip_value(cursor)) {
      return false;
    }
    if (cursor.take(',')) continue;
    return cursor.take('}') && cursor.at_end() && (found == targets_.size() || set_missing(row));
  }
  return false;
}

bool QuickReader::set_missing(int64_t row) {
  for (Target& target : targets_) {
    if (target.record != record_ && (target.not_null || !target.column->set_null(row))) return false;
  }
  return true;
}

}  // namespace laketide::json
