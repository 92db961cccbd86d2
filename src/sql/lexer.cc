#include "sql/lexer.h"

#include <algorithm>

namespace laketide::sql {
namespace {

bool begins_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool in_word(char c) { return begins_word(c) || is_digit(c) || c == '$'; }

/// Goes through a query once. Confined to its task.
class Lexer {
 public:
  explicit Lexer(std::string_view query) : query_(query) {}

  std::vector<Token> all() {
    std::vector<Token> tokens;
    for (skip(); at_ < query_.size(); skip()) {
      const size_t begin = at_;
      const Token::Kind kind = next();
      tokens.push_back({kind, static_cast<int>(begin), query_.substr(begin, at_ - begin)});
    }
    return tokens;
  }

 private:
  bool sees(std::string_view text) const { return query_.substr(at_, text.size()) == text; }

  void skip() {
    while (at_ < query_.size()) {
      if (std::string_view(" \t\r\n\f\v").find(query_[at_]) != std::string_view::npos) {
        ++at_;
      } else if (sees("--")) {
        at_ = std::min(query_.find('\n', at_), query_.size());
      } else if (sees("/*")) {
        skip_comment();
      } else {
        return;
      }
    }
  }

  // Comments nest in SQL.
  void skip_comment() {
    for (int depth = 0; at_ < query_.size();) {
      if (sees("/*")) {
        ++depth;
        at_ += 2;
      } else if (sees("*/")) {
        at_ += 2;
        if (--depth == 0) return;
      } else {
        ++at_;
      }
    }
  }

  Token::Kind next() {
    const char c = query_[at_];
    if (c == '\'') return text(false);
    if ((c == 'e' || c == 'E') && at_ + 1 < query_.size() && query_[at_ + 1] == '\'') {
      ++at_;
      return text(true);
    }
    if (c == '"') {
      quoted('"', false);
      return Token::Kind::kQuotedName;
    }
    if (begins_word(c)) {
      while (at_ < query_.size() && in_word(query_[at_])) ++at_;
      return Token::Kind::kWord;
    }
    if (is_digit(c)) {
      while (at_ < query_.size() && (in_word(query_[at_]) || query_[at_] == '.')) ++at_;
      return Token::Kind::kNumber;
    }
    if (c == '$' && dollar_quoted()) return Token::Kind::kText;
    ++at_;
    return Token::Kind::kSymbol;
  }

  Token::Kind text(bool backslashes) {
    quoted('\'', backslashes);
    return Token::Kind::kText;
  }

  void quoted(char quote, bool backslashes) {
    for (++at_; at_ < query_.size(); ++at_) {
      if (backslashes && query_[at_] == '\\') {
        ++at_;
      } else if (query_[at_] == quote) {
        if (at_ + 1 >= query_.size() || query_[at_ + 1] != quote) break;
        ++at_;
      }
    }
    at_ = std::min(at_ + 1, query_.size());
  }

  bool dollar_quoted() {
    size_t end = at_ + 1;
    while (end < query_.size() && in_word(query_[end]) && query_[end] != '$') ++end;
    if (end >= query_.size() || query_[end] != '$' || is_digit(query_[at_ + 1])) return false;
    const std::string_view tag = query_.substr(at_, end + 1 - at_);
    const size_t close = query_.find(tag, end + 1);
    at_ = close == std::string_view::npos ? query_.size() : close + tag.size();
    return true;
  }

  std::string_view query_;
  size_t at_ = 0;
};

bool is_symbol(const Token& token, char symbol) { return token.kind == Token::Kind::kSymbol && token.text.front() == symbol; }

// Whether the parentheses that open at `open` hold an AS of their own.
bool holds_as(const std::vector<Token>& tokens, size_t open) {
  int depth = 0;
  for (size_t i = open; i < tokens.size(); ++i) {
    if (is_symbol(tokens[i], '(')) ++depth;
    if (is_symbol(tokens[i], ')') && --depth == 0) return false;
    if (depth == 1 && is_word(tokens[i], "as")) return true;
  }
  return false;
}

}  // namespace

std::vector<Token> tokens_of(std::string_view query) { return Lexer(query).all(); }

bool is_word(const Token& token, std::string_view lower_case) {
  return token.kind == Token::Kind::kWord &&
         std::equal(token.text.begin(), token.text.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; });
}

std::string without_try_casts(std::string_view query, std::vector<int>& places) {
  constexpr std::string_view kCast = "    CAST";
  constexpr int kIndent = 4;
  std::string rewritten(query);
  const std::vector<Token> tokens = tokens_of(query);
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (!is_word(tokens[i], "try_cast") || !is_symbol(tokens[i + 1], '(') || !holds_as(tokens, i + 1)) continue;
    rewritten.replace(static_cast<size_t>(tokens[i].at), kCast.size(), kCast);
    places.push_back(tokens[i].at + kIndent);
  }
  return rewritten;
}

}  // namespace laketide::sql
