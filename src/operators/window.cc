#include "operators/window.h"

#include <limits>
#include <numeric>

#include "expr/value_columns.h"

namespace laketide {

Windows::Windows(const WindowOptions& options)
    : size_(options.size),
      slide_(options.kind == WindowOptions::Kind::kHop ? options.slide : options.size),
      offset_(options.offset),
      pane_(std::gcd(size_, slide_)) {}

int64_t Windows::floor(int64_t time, int64_t step) const {
  int64_t from;
  if (__builtin_sub_overflow(time, offset_, &from)) from = time;
  const int64_t past = from % step;
  return time - (past < 0 ? past + step : past);
}

int64_t Windows::end_of(int64_t start) const {
  int64_t end;
  return __builtin_add_overflow(start, size_, &end) ? std::numeric_limits<int64_t>::max() : end;
}

Result<std::shared_ptr<arrow::Array>> Windows::panes_of(const arrow::Array& times, arrow::MemoryPool* memory) const {
  const expr::Values<int64_t> values(times);
  expr::Type type(expr::TypeId::kOther);
  type.other = times.type();
  int64_t last = 0;
  bool known = false;
  return expr::memory_result(expr::fixed_column<int64_t>(type, times.length(), memory, [&](int64_t row, int64_t& out) {
    const int64_t time = values[row];
    // Rows near each other are mostly of one pane; a division is dearer than this test.
    if (!known || time < last || time - last >= pane_) last = pane_of(time);
    known = true;
    out = last;
    return true;
  }));
}

}  // namespace laketide
