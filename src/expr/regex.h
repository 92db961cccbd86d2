// Regular expressions that mean what PostgreSQL's do, in time linear in the text.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "expr/regex_syntax.h"

namespace laketide::expr {

/// What a match is needed for: whether there is one, where it is, or what its groups kept too. The more, the fewer patterns there
/// are (regex_choice.h).
enum class RegexUse : uint8_t { kTest, kPlace, kGroups };

/// Bytes [begin, end) of a text; begin -1: the group took no part.
struct RegexSpan {
  int64_t begin = -1, end = -1;
};

/// A pattern made ready. Shared by who asks for the same one. Thread-safe.
class Regex {
 public:
  virtual ~Regex() = default;
  /// The first match at or behind byte `from`, which begins a character; spans[0] is the whole, spans[n] group n. False: none.
  virtual bool find(std::string_view text, size_t from, std::span<RegexSpan> spans) const = 0;
  virtual bool test(std::string_view text) const = 0;
  virtual int groups() const = 0;

 protected:
  Regex() = default;
};

/// Fails `kUser` with what is wrong with pattern or flags (regex_syntax.h, regex_choice.h), or program_limit_exceeded.
Result<std::shared_ptr<const Regex>> make_regex(std::string_view pattern, RegexFlags flags, RegexUse use);

}  // namespace laketide::expr
