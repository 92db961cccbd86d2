// Templates of to_date and to_timestamp, such as 'DD.MM.YYYY HH24:MI' (PostgreSQL's manual, 9.8): texts read by them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "expr/row_error.h"
#include "expr/template_words.h"
#include "laketide/status.h"

namespace laketide::expr {

/// What a text said by a template. Immutable.
struct TimeRead {
  int64_t day = 0;     // since 1970-01-01
  int64_t micros = 0;  // since 1970, in UTC
};

/// A template taken apart once; texts are read as PostgreSQL 15 does, which is lenient: blanks count for little, fields that are missing
/// are the first of their kind. Immutable.
class TimeInput {
 public:
  /// Fails `kUser` sql_unsupported for what is PostgreSQL's and not ours (TM), and for what stands in to_char alone (TZ, OF, SP).
  static Result<TimeInput> parse(std::string_view text);

  /// kInvalidDatetimeFormat for a text that is not of that form, kDatetimeFieldOverflow for one that is no date or time.
  ErrorCode read(std::string_view text, TimeRead& out) const;

  /// One item of the template. Immutable.
  struct Item {
    enum class Kind : uint8_t { kField, kFixed, kSeparator, kBlank, kText };
    Kind kind = Kind::kText;  // kFixed: FX
    TemplateField field = kYear;
    std::string_view word;  // kField: as the table of words has it
    bool slurps = false;    // kField: it takes as many digits as there are (FM, or no digit can follow)
    bool ordinal = false;   // kField: two characters behind the number are passed over (TH)
    bool digit = false;     // kText: it is one
  };

 private:
  std::vector<Item> items_;
};

}  // namespace laketide::expr
