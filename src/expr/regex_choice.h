// Which of several possible matches a pattern means, and whether the engine's choice is PostgreSQL's.
#pragma once

#include "expr/regex_syntax.h"

namespace laketide::expr {

/// PostgreSQL takes, of the matches that begin first, the longest or the shortest one, by the pattern's first quantifier that says
/// which. The engine finds the longest, or takes each quantifier for itself from left to right: both come to the same only for
/// patterns whose quantifiers all agree and, where they are not greedy, repeat single characters. Fails `kUser` sql_unsupported.
enum class Preference : uint8_t { kLongest, kShortest };
Result<Preference> preference_of(const RegexNode& pattern);

/// Whether what the groups keep is decided by the place of the match alone, or by a choice that both make alike. PostgreSQL gives an
/// earlier part of the pattern as much as it can have, the engine tries alternatives in their order. They cannot differ where each
/// character leads on in one way only (as in (\d+)(\.\d+)?), or where all that varies is how often single characters repeat (as in
/// (.*)-(\d*)). Fails `kUser` sql_unsupported.
Status check_groups(const RegexNode& pattern);

}  // namespace laketide::expr
