// A schema compiled for decoding: what to look for in a JSON object, and how to read it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "flow/batch.h"
#include "laketide/status.h"

namespace laketide::json {

/// How a value is read; see the README for what each takes.
enum class ColumnKind : uint8_t {
  kBoolean, kSmallint, kInt, kBigint, kReal, kDouble, kNumeric, kText, kBytea, kDate, kTime, kTimestamp,
  kTimestamptz, kUuid, kJsonb, kList, kStruct, kRescued,
};

/// One column, a member of a struct, or what the elements of a list are. Immutable.
struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::kText;
  std::vector<Column> inner;  // kList: one, what its elements are; kStruct: its members
  bool not_null = false;
  bool plain_name = false;    // it stands in a text as it is
  int32_t precision = 0;      // numeric
  int32_t scale = 0;
  std::string sql_type;  // for messages
};

/// Which column a field of the object is.
enum : int { kUnknownField = -1, kUnwantedField = -2 };

/// The columns to produce, and the names of all there are. Remembers the order in which the fields of the last record came, as the
/// next one's come in the same order most often: then a name is one comparison. Confined to its task.
class ColumnPlan {
 public:
  /// `known` is the whole schema, `wanted` the columns to produce. Fails `kUser` unsupported_type.
  static Result<ColumnPlan> make(const Schema& known, const Schema& wanted);

  const std::vector<Column>& columns() const { return columns_; }
  /// Index of the column `_rescued`, or -1 if it is not to be produced.
  int rescued() const { return rescued_; }

  /// The name that the field at `position` had the last time; empty if there was none, or none that can be compared unread.
  std::string_view expected_name(size_t position) const {
    return position < order_.size() ? std::string_view(order_[position].name) : std::string_view();
  }
  int expected_column(size_t position) const { return order_[position].column; }

  /// A field of the last record. Immutable.
  struct Expected {
    std::string name;
    std::string key;  // the name as it stands in a text without white space, `"name":`, and kKeyPadding zeros
    size_t key_size = 0;  // without these; 0: the name has characters that are not plain ASCII
    int column = kUnknownField;
    std::string_view key_text() const { return {key.data(), key_size}; }
  };
  const std::vector<Expected>& order() const { return order_; }
  /// The column called `name`, kUnknownField or kUnwantedField; it is expected at `position` from now on.
  int look_up(std::string_view name, size_t position);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  static constexpr size_t kRememberedMax = 256;
  static constexpr size_t kKeyPadding = 8;

  std::vector<Column> columns_;
  int rescued_ = -1;
  std::unordered_map<std::string, int, Hash, std::equal_to<>> by_name_;
  std::vector<Expected> order_;
};

}  // namespace laketide::json
