// The words of a query, for what the grammar does not tell: where a clause begins, and what stands at a syntax error.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace laketide::sql {

/// A word (keyword or name, as written), a name in double quotes, a text, a number or one symbol; comments are left out. Immutable.
struct Token {
  enum class Kind { kWord, kQuotedName, kText, kNumber, kSymbol };
  Kind kind;
  int at;                 // byte from 0
  std::string_view text;  // into the query, with its quotes
};

/// All tokens, by PostgreSQL's lexical rules as far as quotes and comments go; what is not closed goes on to the end.
std::vector<Token> tokens_of(std::string_view query);

/// Whether a token is this word, whatever its case.
bool is_word(const Token& token, std::string_view lower_case);

/// The query with `TRY_CAST(x AS type)` turned into `    CAST(x AS type)`, which the grammar knows, and where those CASTs stand.
std::string without_try_casts(std::string_view query, std::vector<int>& places);

}  // namespace laketide::sql
