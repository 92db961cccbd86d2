// Templates of to_char for dates and times, such as 'YYYY-MM-DD HH24:MI' (PostgreSQL's manual, table 9.26).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "laketide/status.h"

namespace laketide::expr {

/// A template taken apart once. Immutable.
class TimeTemplate {
 public:
  /// Fails `kUser` sql_unsupported for what is PostgreSQL's and not ours: TM (names in other languages), SP.
  static Result<TimeTemplate> parse(std::string_view text);

  /// Appends what a clock shows at `micros` since 1970; `zoned`: it is one of UTC, and else of nowhere.
  void append(int64_t micros, bool zoned, std::string& to) const;

 private:
  /// A field, or text as it is. `style` is an index into what the field has several of.
  struct Part {
    int field = -1;
    bool fill = true;   // not FM: padded with zeros or blanks
    char ordinal = 0;   // 't' or 'T': 1st, 1ST
    std::string text;
  };
  std::vector<Part> parts_;
};

}  // namespace laketide::expr
