// One CSV record cut into values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace laketide::csv {

/// A value as it is meant, without its quotes. Valid until its record is cut again. Immutable.
struct CsvValue {
  std::string_view text;
  bool quoted = false;  // tells an empty text from nothing
};

/// Cuts records by RFC 4180: a quote opens a value only at its beginning, two inside are one. Confined to its task.
class CsvRecord {
 public:
  explicit CsvRecord(char delimiter) : delimiter_(delimiter) {}
  /// False: a quote is left open, or something stands behind a closing one. The record must live as long as its values are looked at.
  bool cut(std::string_view record);
  const std::vector<CsvValue>& values() const { return values_; }

 private:
  bool cut_quoted(std::string_view record, size_t& at);

  const char delimiter_;
  std::vector<CsvValue> values_;
  std::string unescaped_;  // values that had quotes inside; reserved for the whole record, so that it never moves
};

}  // namespace laketide::csv
