#include "formats/csv/csv_record.h"

#include <algorithm>

namespace laketide::csv {

bool CsvRecord::cut(std::string_view record) {
  values_.clear();
  unescaped_.clear();
  unescaped_.reserve(record.size());
  for (size_t at = 0;; ++at) {
    if (at < record.size() && record[at] == '"') {
      if (!cut_quoted(record, at)) return false;
    } else {
      const size_t end = std::min(record.find(delimiter_, at), record.size());
      values_.push_back({record.substr(at, end - at), false});
      at = end;
    }
    if (at >= record.size()) return true;
  }
}

// From the opening quote at `at` to the delimiter or the end.
bool CsvRecord::cut_quoted(std::string_view record, size_t& at) {
  const size_t begin = at + 1;
  size_t quote = record.find('"', begin);
  if (quote == std::string_view::npos) return false;
  std::string_view value = record.substr(begin, quote - begin);
  if (quote + 1 < record.size() && record[quote + 1] == '"') {
    const size_t from = unescaped_.size();
    for (size_t piece = begin;;) {
      unescaped_.append(record, piece, quote - piece);
      if (quote + 1 >= record.size() || record[quote + 1] != '"') break;
      unescaped_ += '"';
      piece = quote + 2;
      quote = record.find('"', piece);
      if (quote == std::string_view::npos) return false;
    }
    value = std::string_view(unescaped_).substr(from);
  }
  values_.push_back({value, true});
  at = quote + 1;
  return at >= record.size() || record[at] == delimiter_;
}

}  // namespace laketide::csv
