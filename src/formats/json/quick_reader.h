// Reads the records that most producers write, without a parser.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "formats/json/cell.h"
#include "formats/json/column_plan.h"

namespace laketide::json {

/// A record whose fields come in the order of the one before, with no white space, no escapes, nothing but ASCII, and numbers short
/// enough to be exact, is read in one pass over its text. Whatever is not like that, or not valid, is left to the parser, which says
/// what it is: this reader accepts nothing that the parser would refuse, and reads no value otherwise. After misses it pauses, longer
/// each time, so that records of another kind pay little for it. Confined to its task.
class QuickReader {
 public:
  /// `ignores_unknown`: fields that the schema does not have are passed over.
  QuickReader(const std::vector<Column>& columns, bool ignores_unknown);

  /// `text` has 8 readable bytes behind it, the first of them 0. True: `cells` is the record, of which fields that it lacks were not
  /// touched. False: `cells` may have been written to.
  bool read(std::string_view text, const ColumnPlan& plan, std::vector<Cell>& cells);

 private:
  bool read_fields(std::string_view text, const ColumnPlan& plan, std::vector<Cell>& cells) const;

  const bool ignores_unknown_;
  bool usable_;  // all columns are of kinds that it reads
  size_t misses_ = 0;  // in a row
  size_t pause_ = 0;   // records to leave alone
};

}  // namespace laketide::json
