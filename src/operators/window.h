// Which windows a moment belongs to.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "laketide/status.h"
#include "operators/aggregate.h"

namespace laketide {

/// Windows begin at `offset` + n * `slide`, are `size` long and half-open. A pane is the longest stretch of time that no window's
/// border cuts: of tumbling windows the window itself, of hopping ones the greatest common divisor of size and slide. Microseconds;
/// what would be behind the end of time is the end of time. Immutable.
class Windows {
 public:
  /// Of kTumble or kHop.
  explicit Windows(const WindowOptions& options);

  int64_t pane() const { return pane_; }
  int64_t size() const { return size_; }
  int64_t slide() const { return slide_; }
  int64_t pane_of(int64_t time) const { return floor(time, pane_); }
  /// Start of the last window that takes in this moment (or that begins before it, where there are gaps between windows).
  int64_t last_start(int64_t time) const { return floor(time, slide_); }
  int64_t end_of(int64_t start) const;
  /// The pane of each row of a time column that has no NULLs, in the column's type.
  Result<std::shared_ptr<arrow::Array>> panes_of(const arrow::Array& times, arrow::MemoryPool* memory) const;

 private:
  int64_t floor(int64_t time, int64_t step) const;

  int64_t size_, slide_, offset_, pane_;
};

}  // namespace laketide
