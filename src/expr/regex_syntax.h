// PostgreSQL's regular expressions (its manual, chapter 9.7.3, "advanced" ones) as a tree.
#pragma once

#include <compare>
#include <string_view>
#include <vector>

#include "expr/character_set.h"
#include "laketide/status.h"

namespace laketide::expr {

/// What letters behind a pattern ask for. Immutable.
struct RegexFlags {
  bool global = false;         // g: every match; only regexp_replace has it
  bool ignore_case = false;    // i
  bool literal = false;        // q: no character of the pattern means anything
  bool expanded = false;       // x: blanks and comments in the pattern mean nothing
  bool dot_is_of_line = false;  // n, p: . and [^…] do not match a newline
  bool anchors_are_of_line = false;  // n, w: ^ and $ match beside a newline
  auto operator<=>(const RegexFlags&) const = default;
};

/// Reads flags; those not given stay as they are. Fails `kUser` invalid_regular_expression, or sql_unsupported.
Status read_flags(std::string_view letters, RegexFlags& flags);

/// A pattern. Characters are sets of one. kGroup: parentheses that keep what they match. A value.
struct RegexNode {
  enum class Kind : uint8_t { kEmpty, kSet, kTextBegin, kTextEnd, kLineBegin, kLineEnd, kSequence, kChoice, kRepeat, kGroup };
  static constexpr int kUnlimited = -1;
  Kind kind = Kind::kEmpty;
  CharacterSet set;                // kSet
  std::vector<RegexNode> parts;    // kSequence, kChoice: all; kRepeat, kGroup: one
  int least = 1, most = 1;         // kRepeat
  bool greedy = true;              // kRepeat
  int group = 0;                   // kGroup: its number, from 1
};

/// Reads a pattern. Fails `kUser` invalid_regular_expression where PostgreSQL refuses it, sql_unsupported where only this engine
/// does (what needs to try again and again: back references, looking around); the message says where in the pattern.
Result<RegexNode> parse_regex(std::string_view pattern, RegexFlags flags);

/// Parentheses that keep what they match.
int count_groups(const RegexNode& node);

}  // namespace laketide::expr
