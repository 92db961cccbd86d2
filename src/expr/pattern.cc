// LIKE and ILIKE, with PostgreSQL's escapes.
#include "expr/function.h"
#include "expr/strict_kernel.h"
#include "expr/utf8.h"

namespace laketide::expr {
namespace {

/// Matches from left to right; on a mismatch the last % takes one character more. Steps: text × pattern at most, no recursion.
ErrorCode match(Text text, Text pattern, bool& out) {
  size_t t = 0, p = 0, star = Text::npos, star_text = 0;
  out = false;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = ++p;
      star_text = t;
      continue;
    }
    bool equal = false;
    if (p < pattern.size() && pattern[p] == '_') {
      t += character_size(text[t]);
      ++p;
      continue;
    }
    if (p < pattern.size()) {
      const bool escape = pattern[p] == '\\';
      if (escape && p + 1 == pattern.size()) return ErrorCode::kInvalidEscapeSequence;
      equal = text[t] == pattern[p + escape];
      if (equal) {
        ++t;
        p += 1 + escape;
      }
    }
    if (equal) continue;
    if (star == Text::npos) return kGood;
    star_text += character_size(text[star_text]);
    t = star_text;
    p = star;
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  out = p == pattern.size();
  return kGood;
}

struct Like {
  ErrorCode operator()(Text text, Text pattern, bool& out) const { return match(text, pattern, out); }
};

struct ILike {
  ErrorCode operator()(Text text, Text pattern, bool& out) const {
    std::string low_text, low_pattern;
    append_lower(text, low_text);
    append_lower(pattern, low_pattern);
    return match(low_text, low_pattern, out);
  }
};

// Rewrites a pattern with another escape into one with the backslash (like_match.c, MB_do_like_escape).
struct LikeEscape {
  ErrorCode operator()(Text pattern, Text escape, TextWriter& out) const {
    if (count_characters(escape) > 1) return ErrorCode::kInvalidEscapeSequence;
    if (escape == "\\") {
      out.append(pattern);
      return kGood;
    }
    bool after_escape = false;
    for (size_t at = 0; at < pattern.size();) {
      const Text character = pattern.substr(at, character_size(pattern[at]));
      at += character.size();
      if (!escape.empty() && character == escape && !after_escape) {
        out.append('\\');
        after_escape = true;
        continue;
      }
      if (character == "\\" && !after_escape) out.append('\\');
      out.append(character);
      after_escape = false;
    }
    return kGood;
  }
};

// A pattern of SIMILAR TO as a regular expression for ~ (regexp.c, similar_escape_internal).
struct SimilarEscape {
  ErrorCode operator()(Text pattern, TextWriter& out) const { return (*this)(pattern, "\\", out); }
  ErrorCode operator()(Text pattern, Text escape, TextWriter& out) const {
    if (count_characters(escape) > 1) return ErrorCode::kInvalidEscapeSequence;
    bool after_escape = false, in_brackets = false;
    out.append("^(?:");
    for (size_t at = 0; at < pattern.size();) {
      const Text character = pattern.substr(at, character_size(pattern[at]));
      at += character.size();
      if (after_escape) {
        if (character == "\"" && !in_brackets) return ErrorCode::kInvalidRegularExpression;  // parts belong to SUBSTRING … SIMILAR
        out.append('\\');
        out.append(character);
        after_escape = false;
      } else if (!escape.empty() && character == escape) {
        after_escape = true;
      } else if (in_brackets) {
        if (character == "\\") out.append('\\');
        out.append(character);
        in_brackets = character != "]";
      } else {
        out.append(outside(character));
        in_brackets = character == "[";
      }
    }
    out.append(")$");
    return kGood;
  }

 private:
  static Text outside(Text character) {
    constexpr std::pair<Text, Text> kMeanings[] = {{"%", ".*"}, {"_", "."}, {"(", "(?:"}, {"\\", "\\\\"}, {".", "\\."}, {"^", "\\^"}, {"$", "\\$"}};
    for (const auto& [similar, regular] : kMeanings) {
      if (character == similar) return regular;
    }
    return character;
  }
};

}  // namespace

std::vector<Function> pattern_functions() {
  using enum TypeId;
  return {
      {"LIKE", {kText, kText}, kBoolean, &strict<Like, bool, Text, Text>, true, nullptr, Function::Style::kInfix},
      {"ILIKE", {kText, kText}, kBoolean, &strict<ILike, bool, Text, Text>, true, nullptr, Function::Style::kInfix},
      {"like_escape", {kText, kText}, kText, &strict<LikeEscape, Text, Text, Text>, true},
      {"similar_to_escape", {kText}, kText, &strict<SimilarEscape, Text, Text>, true},
      {"similar_to_escape", {kText, kText}, kText, &strict<SimilarEscape, Text, Text, Text>, true},
  };
}

}  // namespace laketide::expr
