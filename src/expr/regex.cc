#include "expr/regex.h"

#include <array>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <re2/re2.h>

#include "base/mutex.h"
#include "expr/regex_choice.h"

namespace laketide::expr {
namespace {

using NodeKind = RegexNode::Kind;

constexpr int64_t kMemoryMost = 4 << 20;  // bytes of one pattern's program and automata; beyond, it takes slower ways
constexpr size_t kSpansMost = 100;
constexpr size_t kSpansNear = 10;  // a replacement names nine groups at most; only regexp_match asks for more

void append_point(uint32_t point, std::string& to) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  to += "\\x{";
  for (int shift = 20; shift >= 0; shift -= 4) to += kDigits[point >> shift & 15];
  to += '}';
}

void append_set(const CharacterSet& set, std::string& to) {
  to += '[';
  for (const auto& [first, last] : set.ranges()) {
    append_point(first, to);
    if (last == first) continue;
    to += '-';
    append_point(last, to);
  }
  to += ']';
}

// In the engine's own words. A count of a count would be refused for its size, as it should.
void append_node(const RegexNode& node, std::string& to) {
  switch (node.kind) {
    case NodeKind::kEmpty: to += "(?:)"; break;
    case NodeKind::kSet: append_set(node.set, to); break;
    case NodeKind::kTextBegin: to += "\\A"; break;
    case NodeKind::kTextEnd: to += "\\z"; break;
    case NodeKind::kLineBegin: to += "(?m:^)"; break;
    case NodeKind::kLineEnd: to += "(?m:$)"; break;
    case NodeKind::kSequence:
      for (const RegexNode& part : node.parts) append_node(part, to);
      break;
    case NodeKind::kChoice:
      to += "(?:";
      for (size_t i = 0; i < node.parts.size(); ++i) {
        if (i > 0) to += '|';
        append_node(node.parts[i], to);
      }
      to += ')';
      break;
    case NodeKind::kGroup:
      to += '(';
      append_node(node.parts[0], to);
      to += ')';
      break;
    case NodeKind::kRepeat:
      to += "(?:";
      append_node(node.parts[0], to);
      to += "){" + std::to_string(node.least) + ",";
      if (node.most != RegexNode::kUnlimited) to += std::to_string(node.most);
      to += node.greedy ? "}" : "}?";
      break;
  }
}

/// RE2 behind the face. Thread-safe.
class Compiled : public Regex {
 public:
  Compiled(const std::string& pattern, const re2::RE2::Options& options) : engine_(pattern, options) {}
  bool good() const { return engine_.ok(); }

  bool find(std::string_view text, size_t from, std::span<RegexSpan> spans) const override {
    if (spans.size() <= kSpansNear) {
      std::array<re2::StringPiece, kSpansNear> found;
      return find_in(text, from, found.data(), spans);
    }
    std::vector<re2::StringPiece> found(spans.size());
    return find_in(text, from, found.data(), spans);
  }
  bool test(std::string_view text) const override { return engine_.Match(text, 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0); }
  int groups() const override { return engine_.NumberOfCapturingGroups(); }

 private:
  bool find_in(std::string_view text, size_t from, re2::StringPiece* found, std::span<RegexSpan> spans) const {
    if (text.data() == nullptr) text = "";  // none stands for a group that took no part
    if (from > text.size() || !engine_.Match(text, from, text.size(), re2::RE2::UNANCHORED, found, static_cast<int>(spans.size()))) return false;
    for (size_t i = 0; i < spans.size(); ++i) {
      const re2::StringPiece& one = found[i];
      RegexSpan& span = spans[i];
      span = {};
      if (one.data() == nullptr) continue;
      span.begin = one.data() - text.data();
      span.end = span.begin + static_cast<int64_t>(one.size());
    }
    return true;
  }

  const re2::RE2 engine_;
};

Result<std::shared_ptr<const Regex>> compile(std::string_view pattern, RegexFlags flags, RegexUse use) {
  LT_ASSIGN_OR_RETURN(const RegexNode tree, parse_regex(pattern, flags));
  Preference preference = Preference::kLongest;
  if (use != RegexUse::kTest) {
    LT_ASSIGN_OR_RETURN(preference, preference_of(tree));
  }
  const int groups = count_groups(tree);
  if (use == RegexUse::kGroups && groups > 0) LT_RETURN_IF_ERROR(check_groups(tree));
  if (static_cast<size_t>(groups) >= kSpansMost) return Status::user("program_limit_exceeded", "the pattern has 100 groups or more: write (?:…) round what is not needed");
  std::string text;
  append_node(tree, text);
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_longest_match(preference == Preference::kLongest);
  options.set_max_mem(kMemoryMost);
  auto made = std::make_shared<const Compiled>(text, options);
  if (!made->good()) return Status::user("program_limit_exceeded", "the pattern is too large: give its quantifiers smaller counts");
  return std::shared_ptr<const Regex>(std::move(made));
}

/// Patterns made before: those of constant arguments are asked for with every batch, by every lane. Thread-safe.
class Known {
 public:
  using Key = std::tuple<std::string, RegexFlags, RegexUse>;
  std::shared_ptr<const Regex> find(const Key& key) {
    const MutexLock lock(mutex_);
    const auto found = made_.find(key);
    return found == made_.end() ? nullptr : found->second;
  }
  void keep(Key key, std::shared_ptr<const Regex> regex) {
    const MutexLock lock(mutex_);
    if (made_.size() >= kMost) made_.clear();
    made_.emplace(std::move(key), std::move(regex));
  }

 private:
  static constexpr size_t kMost = 64;
  Mutex mutex_;
  std::map<Key, std::shared_ptr<const Regex>> made_ LT_GUARDED_BY(mutex_);
};

}  // namespace

Result<std::shared_ptr<const Regex>> make_regex(std::string_view pattern, RegexFlags flags, RegexUse use) {
  static Known known;
  Known::Key key(pattern, flags, use);
  auto regex = known.find(key);
  if (!regex) {
    LT_ASSIGN_OR_RETURN(regex, compile(pattern, flags, use));
    known.keep(std::move(key), regex);
  }
  return regex;
}

}  // namespace laketide::expr
