#include "expr/regex_choice.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace laketide::expr {
namespace {

using NodeKind = RegexNode::Kind;
using Positions = std::vector<size_t>;

constexpr size_t kPositionsMost = 2000;

bool varies(const RegexNode& repeat) { return repeat.least != repeat.most; }
bool loops(const RegexNode& repeat) { return repeat.most != 1; }

template <typename Holds>
bool any(const RegexNode& node, const Holds& holds) {
  return holds(node) || std::any_of(node.parts.begin(), node.parts.end(), [&](const RegexNode& part) { return any(part, holds); });
}

// Characters that every match has; none: not always the same.
std::optional<int> length_of(const RegexNode& node) {
  if (node.kind == NodeKind::kSet) return 1;
  if (node.kind == NodeKind::kRepeat) {
    const auto one = length_of(node.parts[0]);
    return one && !varies(node) ? std::optional(*one * node.least) : std::nullopt;
  }
  std::optional<int> length;
  for (const RegexNode& part : node.parts) {
    const auto one = length_of(part);
    if (!one || (node.kind == NodeKind::kChoice && length && *length != *one)) return {};
    length = node.kind == NodeKind::kChoice ? *one : length.value_or(0) + *one;
  }
  return length.value_or(0);
}

/// Which characters of a pattern can stand first, last, and behind one another (Glushkov's automaton): a position is one set of the
/// pattern. Confined to its task.
class Positioned {
 public:
  struct Ends {
    Positions first, last;
    bool nullable = true;
  };

  explicit Positioned(const RegexNode& root) : root_(ends_of(root)) {}

  /// Each character of a text leads on in one way.
  bool decided() const {
    return good_ && sets_.size() <= kPositionsMost && apart(root_.first) && std::all_of(follow_.begin(), follow_.end(), [&](const Positions& next) { return apart(next); });
  }
  /// A match of it cannot be continued to a longer one.
  bool closed() const {
    return !root_.nullable && std::all_of(root_.last.begin(), root_.last.end(), [&](size_t position) { return follow_[position].empty(); });
  }

 private:
  Ends ends_of(const RegexNode& node) {
    if (sets_.size() > kPositionsMost) return {};
    switch (node.kind) {
      case NodeKind::kSet:
        sets_.push_back(&node.set);
        follow_.emplace_back();
        return {{sets_.size() - 1}, {sets_.size() - 1}, false};
      case NodeKind::kSequence: return sequence(node.parts.begin(), node.parts.end());
      case NodeKind::kChoice: return choice(node);
      case NodeKind::kRepeat: return repeat(node);
      case NodeKind::kGroup: return ends_of(node.parts[0]);
      default: return {};
    }
  }

  using Part = std::vector<RegexNode>::const_iterator;
  Ends sequence(Part part, Part end) {
    Ends all;
    for (; part != end; ++part) {
      Ends next = ends_of(*part);
      join(all.last, next.first);
      if (all.nullable) append(all.first, next.first);
      if (!next.nullable) all.last.clear();
      append(all.last, next.last);
      all.nullable &= next.nullable;
    }
    return all;
  }

  // Branches that begin with the same character go on behind one position for it: GET|PUT|POST.
  Ends choice(const RegexNode& node) {
    std::vector<std::pair<Part, Part>> branches;
    for (const RegexNode& part : node.parts) {
      const bool many = part.kind == NodeKind::kSequence;
      const Part one = node.parts.begin() + (&part - node.parts.data());
      branches.emplace_back(many ? part.parts.begin() : one, many ? part.parts.end() : one + 1);
    }
    return merged(std::move(branches));
  }

  Ends merged(std::vector<std::pair<Part, Part>> branches) {
    Ends all;
    all.nullable = false;
    while (!branches.empty()) {
      const auto [head, end] = branches.front();
      std::vector<std::pair<Part, Part>> rests;
      if (head != end && head->kind == NodeKind::kSet) {
        std::erase_if(branches, [&, head = head](const auto& branch) {
          const bool same = branch.first != branch.second && branch.first->kind == NodeKind::kSet && branch.first->set.ranges() == head->set.ranges();
          if (same) rests.emplace_back(branch.first + 1, branch.second);
          return same;
        });
      } else {
        branches.erase(branches.begin());
      }
      Ends one = rests.empty() ? sequence(head, end) : ends_of(*head);
      if (rests.size() == 1) {
        one = behind(std::move(one), sequence(rests[0].first, rests[0].second));
      } else if (rests.size() > 1) {
        one = behind(std::move(one), merged(std::move(rests)));
      }
      append(all.first, one.first);
      append(all.last, one.last);
      all.nullable |= one.nullable;
    }
    return all;
  }

  Ends behind(Ends left, const Ends& right) {
    join(left.last, right.first);
    if (!right.nullable) left.last.clear();
    append(left.last, right.last);
    left.nullable &= right.nullable;
    return left;
  }

  Ends repeat(const RegexNode& node) {
    Ends inner = ends_of(node.parts[0]);
    const auto is_group = [](const RegexNode& one) { return one.kind == NodeKind::kGroup; };
    if (inner.nullable && any(node.parts[0], is_group)) good_ = false;
    if (loops(node)) join(inner.last, inner.first);
    inner.nullable |= node.least == 0;
    return inner;
  }

  static void append(Positions& to, const Positions& more) { to.insert(to.end(), more.begin(), more.end()); }
  void join(const Positions& from, const Positions& to) {
    for (const size_t one : from) append(follow_[one], to);
  }
  bool apart(const Positions& next) const {
    for (size_t i = 0; i < next.size(); ++i) {
      for (size_t j = i + 1; j < next.size(); ++j) {
        if (sets_[next[i]]->meets(*sets_[next[j]])) return false;
      }
    }
    return true;
  }

  std::vector<const CharacterSet*> sets_;
  std::vector<Positions> follow_;
  bool good_ = true;
  Ends root_;
};

// The parts that follow one another, whatever parentheses stand round them.
void flatten(const RegexNode& node, std::vector<const RegexNode*>& units) {
  if (node.kind == NodeKind::kSequence || node.kind == NodeKind::kGroup) {
    for (const RegexNode& part : node.parts) flatten(part, units);
  } else {
    units.push_back(&node);
  }
}

// A group in a loop keeps its last turn's match: if that turn went another way, PostgreSQL forgets it, and the engine does not.
bool forgets(const RegexNode& node, bool in_loop, bool passed_by) {
  if (node.kind == NodeKind::kGroup && in_loop && passed_by) return true;
  in_loop |= node.kind == NodeKind::kRepeat && loops(node);
  passed_by |= in_loop && (node.kind == NodeKind::kChoice || (node.kind == NodeKind::kRepeat && node.least == 0 && !loops(node)));
  return std::any_of(node.parts.begin(), node.parts.end(), [&](const RegexNode& part) { return forgets(part, in_loop, passed_by); });
}

// First what has one length at its place, then single characters that repeat, then what has one length again: the engine, giving the
// first of them what it can, also gives every beginning of the pattern what it can, which is PostgreSQL's order of choice.
bool repeats_characters_alone(const RegexNode& pattern) {
  std::vector<const RegexNode*> units;
  flatten(pattern, units);
  bool repeated = false, ended = false;
  for (const RegexNode* const unit : units) {
    if (unit->kind == NodeKind::kRepeat && varies(*unit) && length_of(unit->parts[0]) == 1) {
      if (ended) return false;
      repeated = true;
    } else if (!length_of(*unit)) {
      const Positioned positions(*unit);
      if (!positions.decided() || !positions.closed()) return false;
      ended = repeated;
    }
  }
  return true;
}

}  // namespace

Result<Preference> preference_of(const RegexNode& pattern) {
  const auto lazy = [](const RegexNode& node) { return node.kind == NodeKind::kRepeat && !node.greedy; };
  const auto greedy = [](const RegexNode& node) { return node.kind == NodeKind::kChoice || (node.kind == NodeKind::kRepeat && node.greedy && varies(node)); };
  const auto of_more = [](const RegexNode& node) { return node.kind == NodeKind::kRepeat && varies(node) && length_of(node.parts[0]) != 1; };
  if (!any(pattern, lazy)) return Preference::kLongest;
  if (any(pattern, greedy)) {
    return Status::user("sql_unsupported", "quantifiers that take as little as they can (such as *?) do not go together with others or with | in one pattern: write [^x]* for what "
                                           "stands before an x");
  }
  if (any(pattern, of_more)) return Status::user("sql_unsupported", "a quantifier that takes as little as it can (such as *?) repeats one character here, not a group");
  return Preference::kShortest;
}

Status check_groups(const RegexNode& pattern) {
  if (!forgets(pattern, false, false) && (Positioned(pattern).decided() || repeats_characters_alone(pattern))) return {};
  return Status::user("sql_unsupported", "what the groups (…) of this pattern keep depends on the order of trying, which is not PostgreSQL's here: let no alternative of | "
                                         "begin as another one does, repeat single characters instead of groups, or write (?:…) round what is not needed");
}

}  // namespace laketide::expr
