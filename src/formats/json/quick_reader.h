// Reads the records that most producers write, without a parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/iso_time.h"
#include "formats/json/column_plan.h"
#include "formats/json/plain_column.h"

namespace laketide::json {

/// A record whose fields come in the order of the one before, with no white space, no escapes, nothing but ASCII, and numbers short
/// enough to be exact, is read in one pass over its text, straight into the columns. Whatever is not like that, or not valid, is left to
/// the parser, which says what it is: this reader accepts nothing that the parser would refuse, and reads no value otherwise. After misses
/// it pauses, longer each time, so that records of another kind pay little for it. Confined to its task.
class QuickReader {
 public:
  /// Readable behind a text; the first of these bytes is 0.
  static constexpr size_t kPadding = 64;

  /// `targets`: where each column goes; none if some column is of a kind that cannot be written so. `ignores_unknown`: fields that the
  /// schema does not have are passed over.
  QuickReader(const std::vector<Column>& columns, std::vector<PlainColumn*> targets, bool ignores_unknown);

  /// True: `row` of every column is written. False: of some.
  bool read(std::string_view text, const ColumnPlan& plan, int64_t row);

 private:
  bool read_fields(std::string_view text, const ColumnPlan& plan, int64_t row);
  bool set_missing(int64_t row);

  /// A column as this reader needs it.
  struct Target {
    PlainColumn* column = nullptr;
    ColumnKind kind = ColumnKind::kText;
    bool not_null = false;
    uint64_t record = 0;  // the last that had the field
  };

  std::vector<Target> targets_;
  const bool ignores_unknown_;
  bool usable_ = true;  // all columns are of kinds that it reads
  uint64_t record_ = 0;
  CommonTimeReader times_;
  size_t misses_ = 0;  // in a row
  size_t pause_ = 0;   // records to leave alone
};

}  // namespace laketide::json
