// A column's values as bytes, for keys and for telling which of two is the larger.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>
#include <nlohmann/json_fwd.hpp>

#include "laketide/status.h"

namespace laketide::lake {

/// Values of one type of Delta's as bytes whose order (memcmp, then length) is the values' order: NaN is the largest number and
/// equals itself, -0.0 equals 0.0, text goes by its bytes, false comes before true. Equal values have equal bytes. Immutable.
class ValueBytes {
 public:
  /// Fails `kUser` `bad_key` for nested types, which have no order.
  static Result<ValueBytes> make(std::shared_ptr<arrow::DataType> type, const std::string& column);

  /// Bytes of every value are that many; 0: it depends on the value.
  int width() const { return width_; }
  const std::shared_ptr<arrow::DataType>& type() const { return type_; }
  /// `column` is of the type, and its value at `row` not null.
  void append(const arrow::Array& column, int64_t row, std::string& out) const;
  /// The bytes of a bound as statistics spell it; `upper` is raised by what its spelling cuts off. None: no bound that can be
  /// relied on.
  std::optional<std::string> of_bound(const nlohmann::json& bound, bool upper) const;

 private:
  std::shared_ptr<arrow::DataType> type_;
  int width_ = 0;
};

}  // namespace laketide::lake
