#include "expr/regex_syntax.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "expr/utf8.h"

namespace laketide::expr {
namespace {

using NodeKind = RegexNode::Kind;

constexpr int kRepeatMost = 255;  // PostgreSQL's DUPMAX
constexpr int kDepthMost = 100;

RegexNode set_node(CharacterSet set) {
  RegexNode node;
  node.kind = NodeKind::kSet;
  node.set = std::move(set);
  return node;
}

RegexNode anchor(NodeKind kind) {
  RegexNode node;
  node.kind = kind;
  return node;
}

CharacterSet word_characters() {
  CharacterSet made = CharacterSet::named("alnum");
  made.add('_', '_');
  return made;
}

std::optional<CharacterSet> class_escape(char letter) {
  CharacterSet made;
  switch (letter) {
    case 'd': case 'D': made = CharacterSet::named("digit"); break;
    case 's': case 'S': made = CharacterSet::named("space"); break;
    case 'w': case 'W': made = word_characters(); break;
    default: return {};
  }
  if (letter < 'a') made.negate();
  return made;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = static_cast<char>(c | 32);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Reads one pattern from left to right (regcomp.c, regc_lex.c). Confined to its task.
class RegexParser {
 public:
  RegexParser(std::string_view text, RegexFlags flags) : text_(text), flags_(flags) {}

  Result<RegexNode> whole() {
    if (text_.starts_with("***")) return unsupported("a pattern that begins with *** is not supported; give flags as an argument");
    if (text_.starts_with("(?") && text_.size() > 2 && text_[2] >= 'a' && text_[2] <= 'z') {
      const size_t end = text_.find(')');
      if (end == std::string_view::npos) return invalid("the options of (?… have no end");
      LT_RETURN_IF_ERROR(read_flags(text_.substr(2, end - 2), flags_));
      at_ = end + 1;
      if (flags_.literal) return literal();
    }
    LT_ASSIGN_OR_RETURN(RegexNode made, choice());
    if (at_ < text_.size()) return invalid("parentheses () not balanced");
    return made;
  }

  RegexNode literal() {
    RegexNode made = anchor(NodeKind::kSequence);
    while (at_ < text_.size()) made.parts.push_back(character(next()));
    return made;
  }

 private:
  Status invalid(std::string_view what) const { return failure("invalid_regular_expression", what); }
  Status unsupported(std::string_view what) const { return failure("sql_unsupported", what); }
  Status failure(const char* code, std::string_view what) const {
    return Status::user(code, std::string(what) + " (character " + std::to_string(count_characters(text_.substr(0, std::min(at_, text_.size()))) + 1) + " of the pattern)");
  }

  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool take(std::string_view what) {
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  uint32_t next() {
    const size_t size = std::min(character_size(text_[at_]), text_.size() - at_);
    at_ += size;
    return code_point(text_.substr(at_ - size, size));
  }
  RegexNode character(uint32_t point) const {
    CharacterSet set = CharacterSet::of(point);
    if (flags_.ignore_case) set.ignore_case();
    return set_node(std::move(set));
  }

  Status pass_over() {
    for (;;) {
      if (take("(?#")) {
        const size_t end = text_.find(')', at_);
        if (end == std::string_view::npos) return invalid("a comment has no end");
        at_ = end + 1;
      } else if (flags_.expanded && (peek() == ' ' || (peek() >= '\t' && peek() <= '\r'))) {
        ++at_;
      } else if (flags_.expanded && peek() == '#') {
        while (at_ < text_.size() && peek() != '\n') ++at_;
      } else {
        return {};
      }
    }
  }

  Result<RegexNode> choice() {
    if (++depth_ > kDepthMost) return unsupported("the pattern is nested too deeply");
    std::vector<RegexNode> branches;
    do {
      LT_ASSIGN_OR_RETURN(branches.emplace_back(), sequence());
    } while (take("|"));
    --depth_;
    if (branches.size() == 1) return std::move(branches[0]);
    RegexNode made = anchor(NodeKind::kChoice);
    made.parts = std::move(branches);
    return made;
  }

  Result<RegexNode> sequence() {
    RegexNode made = anchor(NodeKind::kSequence);
    for (;;) {
      LT_RETURN_IF_ERROR(pass_over());
      if (at_ == text_.size() || peek() == '|' || peek() == ')') break;
      LT_ASSIGN_OR_RETURN(RegexNode part, atom());
      LT_RETURN_IF_ERROR(pass_over());
      LT_ASSIGN_OR_RETURN(part, repeated(std::move(part)));
      made.parts.push_back(std::move(part));
    }
    if (made.parts.empty()) return RegexNode();
    if (made.parts.size() == 1) return RegexNode(std::move(made.parts[0]));
    return made;
  }

  bool at_quantifier() const {
    const char c = peek();
    return c == '*' || c == '+' || c == '?' || (c == '{' && peek(1) >= '0' && peek(1) <= '9');
  }

  Result<RegexNode> repeated(RegexNode part) {
    if (!at_quantifier()) return part;
    const bool is_anchor = part.kind >= NodeKind::kTextBegin && part.kind <= NodeKind::kLineEnd;
    if (is_anchor) return invalid("quantifier operand invalid");
    RegexNode made = anchor(NodeKind::kRepeat);
    const char sign = text_[at_++];
    made.least = sign == '+' ? 1 : 0;
    made.most = sign == '?' ? 1 : RegexNode::kUnlimited;
    if (sign == '{') LT_RETURN_IF_ERROR(bounds(made));
    made.greedy = !take("?");
    made.parts.push_back(std::move(part));
    LT_RETURN_IF_ERROR(pass_over());
    if (at_quantifier()) return invalid("quantifier operand invalid");
    return made;
  }

  Status bounds(RegexNode& made) {
    const auto number = [&]() -> std::optional<int> {
      if (peek() < '0' || peek() > '9') return {};
      int value = 0;
      for (; peek() >= '0' && peek() <= '9' && value <= kRepeatMost; ++at_) value = value * 10 + (peek() - '0');
      return value;
    };
    made.least = number().value_or(0);
    made.most = made.least;
    if (take(",")) made.most = number().value_or(RegexNode::kUnlimited);
    if (!take("}")) return invalid("invalid repetition count(s)");
    const bool bad = made.least > kRepeatMost || made.most > kRepeatMost || (made.most != RegexNode::kUnlimited && made.most < made.least);
    return bad ? invalid("invalid repetition count(s)") : Status();
  }

  Result<RegexNode> atom() {
    if (at_quantifier()) return invalid("quantifier operand invalid");
    const char c = peek();
    if (c == '(') return parenthesis();
    if (c == '[') return bracket();
    if (c == '\\') return escape();
    if (c == '^' || c == '$') {
      ++at_;
      const bool begin = c == '^';
      return anchor(flags_.anchors_are_of_line ? (begin ? NodeKind::kLineBegin : NodeKind::kLineEnd) : (begin ? NodeKind::kTextBegin : NodeKind::kTextEnd));
    }
    if (c == '.') {
      ++at_;
      CharacterSet any = CharacterSet::all();
      if (flags_.dot_is_of_line) any.remove('\n');
      return set_node(std::move(any));
    }
    return character(next());
  }

  Result<RegexNode> parenthesis() {
    for (const char* const ahead : {"(?=", "(?!", "(?<=", "(?<!"}) {
      if (text_.substr(at_).starts_with(ahead)) return unsupported("looking around, " + std::string(ahead) + "…), is not supported: match what stands there too, and keep a part of it with (…)");
    }
    const bool keeps = !take("(?:");
    if (keeps) {
      if (text_.substr(at_).starts_with("(?")) return invalid("quantifier operand invalid");
      ++at_;
    }
    const int group = keeps ? ++groups_ : 0;
    LT_ASSIGN_OR_RETURN(RegexNode inner, choice());
    if (!take(")")) return invalid("parentheses () not balanced");
    if (!keeps) return inner;
    RegexNode made = anchor(NodeKind::kGroup);
    made.group = group;
    made.parts.push_back(std::move(inner));
    return made;
  }

  Result<RegexNode> escape() {
    const char letter = peek(1);
    if (at_ + 1 == text_.size()) return invalid("invalid escape \\ sequence");
    if (auto set = class_escape(letter)) {
      at_ += 2;
      return set_node(*std::move(set));
    }
    if (letter == 'A' || letter == 'Z') {
      at_ += 2;
      return anchor(letter == 'A' ? NodeKind::kTextBegin : NodeKind::kTextEnd);
    }
    if (letter == 'y' || letter == 'Y' || letter == 'm' || letter == 'M') {
      return unsupported("borders of words, \\" + std::string(1, letter) + ", are not supported: write (^|\\W)word(\\W|$)");
    }
    if (letter >= '1' && letter <= '9' && !is_octal_escape()) return unsupported("back references, \\" + std::string(1, letter) + " in a pattern, are not supported");
    LT_ASSIGN_OR_RETURN(const uint32_t point, escaped_character());
    return character(point);
  }

  // \12 is a back reference if the pattern has had so many groups, and octal else.
  bool is_octal_escape() const {
    if (peek(2) < '0' || peek(2) > '9') return false;
    return (peek(1) - '0') * 10 + (peek(2) - '0') > groups_;
  }

  Result<uint32_t> escaped_character() {
    ++at_;
    const char letter = peek();
    if (!is_alphanumeric(letter)) return next();
    ++at_;
    constexpr std::pair<char, uint32_t> kNamed[] = {{'a', 7}, {'b', 8}, {'B', '\\'}, {'e', 27}, {'f', 12}, {'n', 10}, {'r', 13}, {'t', 9}, {'v', 11}};
    for (const auto& [name, point] : kNamed) {
      if (letter == name) return point;
    }
    if (letter == 'c' && at_ < text_.size()) return next() & 31;
    if (letter == 'u') return digits(16, 4, 4);
    if (letter == 'U') return digits(16, 8, 8);
    if (letter == 'x') return digits(16, 1, 255);
    if (letter >= '0' && letter <= '7') {
      --at_;
      return digits(8, 1, 3);
    }
    --at_;
    return invalid("invalid escape \\ sequence");
  }

  Result<uint32_t> digits(uint32_t base, int least, int most) {
    uint32_t value = 0;
    int count = 0;
    for (; count < most; ++count, ++at_) {
      const int digit = hex_value(peek());
      if (at_ == text_.size() || digit < 0 || digit >= static_cast<int>(base)) break;
      value = value * base + static_cast<uint32_t>(digit);
      if (value > CharacterSet::kLast) return invalid("invalid escape \\ sequence");
    }
    if (count < least) return invalid("invalid escape \\ sequence");
    return value;
  }

  Result<RegexNode> bracket() {
    if (text_.substr(at_).starts_with("[[:<:]]") || text_.substr(at_).starts_with("[[:>:]]")) {
      return unsupported("borders of words, [[:<:]] and [[:>:]], are not supported: write (^|\\W)word(\\W|$)");
    }
    ++at_;
    const bool negated = take("^");
    CharacterSet set;
    for (bool first = true; first || peek() != ']'; first = false) {
      if (at_ >= text_.size()) return invalid("brackets [] not balanced");
      LT_RETURN_IF_ERROR(bracket_item(set));
    }
    ++at_;
    if (negated) {
      if (flags_.dot_is_of_line) set.add('\n', '\n');
      set.negate();
    }
    if (set.empty()) return unsupported("a set of no characters is not supported");
    return set_node(std::move(set));
  }

  Status bracket_item(CharacterSet& set) {
    if (take("[:")) return class_item(set);
    if (peek() == '\\') {
      if (const auto named = class_escape(peek(1))) {
        at_ += 2;
        set.add(*named);
        return peek() == '-' && peek(1) != ']' ? invalid("invalid character range") : Status();
      }
    }
    LT_ASSIGN_OR_RETURN(const uint32_t first, bracket_end());
    uint32_t last = first;
    if (peek() == '-' && peek(1) != ']' && at_ + 1 < text_.size()) {
      ++at_;
      if (peek() == '\\' && class_escape(peek(1))) return invalid("invalid character range");
      if (text_.substr(at_).starts_with("[:")) return invalid("invalid character range");
      LT_ASSIGN_OR_RETURN(last, bracket_end());
      if (peek() == '-' && peek(1) != ']') return invalid("invalid character range");
    }
    if (last < first) return invalid("invalid character range");
    CharacterSet range(first, last);
    if (flags_.ignore_case) range.ignore_case();
    set.add(range);
    return {};
  }

  Status class_item(CharacterSet& set) {
    const size_t end = text_.find(":]", at_);
    if (end == std::string_view::npos) return invalid("brackets [] not balanced");
    std::string_view name = text_.substr(at_, end - at_);
    if (flags_.ignore_case && (name == "upper" || name == "lower")) name = "alpha";
    if (name == "word") {
      set.add(word_characters());
    } else {
      const CharacterSet& named = CharacterSet::named(name);
      if (named.empty()) return invalid("invalid character class");
      set.add(named);
    }
    at_ = end + 2;
    return peek() == '-' && peek(1) != ']' ? invalid("invalid character range") : Status();
  }

  Result<uint32_t> bracket_end() {
    for (const std::string_view sign : {".", "="}) {
      if (!take("[" + std::string(sign))) continue;
      const size_t end = text_.find(std::string(sign) + "]", at_ + 1);
      if (end == std::string_view::npos) return invalid("brackets [] not balanced");
      if (count_characters(text_.substr(at_, end - at_)) != 1) return unsupported("names of characters in [. .] are not supported: write the character");
      const uint32_t point = next();
      at_ = end + 2;
      return point;
    }
    if (peek() == '\\') {
      if (at_ + 1 == text_.size()) return invalid("invalid escape \\ sequence");
      return escaped_character();
    }
    return next();
  }

  const std::string_view text_;
  RegexFlags flags_;
  size_t at_ = 0;
  int groups_ = 0, depth_ = 0;
};

}  // namespace

Status read_flags(std::string_view letters, RegexFlags& flags) {
  for (const char letter : letters) {
    switch (letter) {
      case 'g': flags.global = true; break;
      case 'i': flags.ignore_case = true; break;
      case 'c': flags.ignore_case = false; break;
      case 'q': flags.literal = true; break;
      case 'x': flags.expanded = true; break;
      case 't': flags.expanded = false; break;
      case 'm': case 'n': flags.dot_is_of_line = flags.anchors_are_of_line = true; break;
      case 'p': flags.dot_is_of_line = true; flags.anchors_are_of_line = false; break;
      case 'w': flags.dot_is_of_line = false; flags.anchors_are_of_line = true; break;
      case 's': flags.dot_is_of_line = flags.anchors_are_of_line = false; break;
      case 'b': case 'e': return Status::user("sql_unsupported", std::string("flag ") + letter + " is not supported: patterns are PostgreSQL's advanced ones");
      default: return Status::user("invalid_parameter_value", std::string("there is no flag of regular expressions: \"") + letter + "\"");
    }
  }
  return {};
}

Result<RegexNode> parse_regex(std::string_view pattern, RegexFlags flags) {
  RegexParser parser(pattern, flags);
  if (flags.literal) return parser.literal();
  return parser.whole();
}

int count_groups(const RegexNode& node) {
  int count = node.kind == NodeKind::kGroup ? 1 : 0;
  for (const RegexNode& part : node.parts) count += count_groups(part);
  return count;
}

}  // namespace laketide::expr
