#include "config/document.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace laketide::config {
namespace {

/// Thrown out of the parser's events, which have no other way to stop it. Immutable.
struct Refusal {
  int line;
  int column;
  std::string message;
};

/// Builds the tree from the parser's events. Confined to its task.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<const std::string> origin, std::vector<Problem>& problems) : origin_(std::move(origin)), problems_(problems) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(scalar(mark, "", false)); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override { refuse_anchor(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    // The parser gives "?" to plain scalars and "!" to quoted ones.
    if (tag != "?" && tag != "!" && !tag.empty()) refuse(mark, "tags are not supported; remove " + tag);
    add(scalar(mark, value, tag == "!"));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(mark, tag, Node::Kind::kSequence);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(mark, tag, Node::Kind::kMapping);
  }
  void OnMapEnd() override { close(); }

  Node take_root() { return std::move(root_); }

 private:
  struct Open {
    Node node;
    bool has_key = false;
    bool is_repeated = false;  // the key stands above already, and that one counts
    std::string key;
    Place key_place;
  };

  [[noreturn]] static void refuse(const YAML::Mark& mark, std::string message) {
    throw Refusal{mark.line + 1, mark.column + 1, std::move(message)};
  }
  [[noreturn]] static void refuse_anchor(const YAML::Mark& mark) {
    refuse(mark, "anchors (&) and aliases (*) are not supported; write the value out, or quote it if it is text");
  }

  Place place(const YAML::Mark& mark) const { return {origin_, mark.line + 1, mark.column + 1}; }

  Node scalar(const YAML::Mark& mark, const std::string& text, bool quoted) const {
    Node node;
    node.place = place(mark);
    node.text = text;
    node.quoted = quoted;
    return node;
  }

  void open(const YAML::Mark& mark, const std::string& tag, Node::Kind kind) {
    if (tag != "?" && !tag.empty()) refuse(mark, "tags are not supported; remove " + tag);
    if (static_cast<int>(stack_.size()) >= kDocumentDepthMax) {
      refuse(mark, "nested deeper than " + std::to_string(kDocumentDepthMax) + " levels");
    }
    if (!stack_.empty() && stack_.back().node.kind == Node::Kind::kMapping && !stack_.back().has_key) {
      refuse(mark, "a key must be a plain word");
    }
    Open opened;
    opened.node.kind = kind;
    opened.node.place = place(mark);
    stack_.push_back(std::move(opened));
  }

  void close() {
    Node done = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(done));
  }

  void add(Node node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = stack_.back();
    if (parent.node.kind == Node::Kind::kSequence) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.has_key) {
      take_key(parent, std::move(node));
    } else {
      parent.has_key = false;
      if (!parent.is_repeated) parent.node.members.push_back({std::move(parent.key), parent.key_place, std::move(node)});
    }
  }

  void take_key(Open& parent, Node key) {
    const Node::Member* first = parent.node.find(key.text);
    if (first != nullptr) {
      problems_.push_back({*origin_, key.place.line, key.place.column, "",
                           "the key \"" + key.text + "\" is here twice; the first is in line " + std::to_string(first->key_place.line)});
    }
    parent.is_repeated = first != nullptr;
    parent.has_key = true;
    parent.key = std::move(key.text);
    parent.key_place = key.place;
  }

  std::shared_ptr<const std::string> origin_;
  std::vector<Problem>& problems_;
  std::vector<Open> stack_;
  Node root_;
};

/// Length of the well-formed UTF-8 sequence at the start of `text`, 0 if there is none (Unicode 15, table 3-7).
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  const bool surrogate = lead == 0xED && byte(1) > 0x9F;
  const bool beyond = lead == 0xF4 && byte(1) > 0x8F;
  return overlong || surrogate || beyond ? 0 : length;
}

/// The parser takes some control bytes for its own signals, and guesses other encodings: it only gets clean UTF-8.
void check_bytes(std::string_view text) {
  int line = 1;
  int column = 1;
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<uint8_t>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
      throw Refusal{line, column, "a control byte; a document is text"};
    }
    const size_t length = utf8_length(text.substr(i));
    if (length == 0) throw Refusal{line, column, "not UTF-8"};
    i += length;
    column = c == '\n' ? 1 : column + 1;
    line += c == '\n';
  }
}

std::optional<uint32_t> hex4(std::string_view text) {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return std::nullopt;
  uint32_t value = 0;
  for (const char c : text.substr(2, 4)) {
    const std::string_view digits = "0123456789abcdef";
    const size_t digit = digits.find(static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c));
    if (digit == std::string_view::npos) return std::nullopt;
    value = value * 16 + static_cast<uint32_t>(digit);
  }
  return value;
}

/// JSON writes characters beyond U+FFFF as two escapes, YAML as one: "\ud83d\ude00" becomes "\U0001F600".
std::string join_surrogates(std::string_view text) {
  std::string joined;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto high = hex4(text.substr(i));
    const auto low = high && *high >= 0xD800 && *high < 0xDC00 ? hex4(text.substr(i + 6)) : std::nullopt;
    if (low && *low >= 0xDC00 && *low < 0xE000) {
      char escape[16];
      std::snprintf(escape, sizeof escape, "\\U%08X", 0x10000 + ((*high - 0xD800) << 10) + (*low - 0xDC00));
      joined += escape;
      i += 11;
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      joined += text.substr(i++, 2);  // an escaped backslash begins no other escape
    } else {
      joined += text[i];
    }
  }
  return joined;
}

std::string_view line_of(std::string_view text, int number) {
  for (; number > 0; --number) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return text.substr(0, text.find('\n'));
}

/// The parser's own words are terse; add what usually is the reason.
Problem explain(const YAML::Exception& error, std::string_view text, const std::string& origin) {
  Problem problem{origin, error.mark.line + 1, error.mark.column + 1, "", "cannot be read as YAML or JSON: " + error.msg};
  const std::string_view line = line_of(text, error.mark.line);
  const size_t tab = line.substr(0, line.find_first_not_of(" \t")).find('\t');
  if (tab != std::string_view::npos) {
    problem.column = static_cast<int>(tab) + 1;
    problem.message = "indent with spaces; a tab cannot indent YAML";
  } else if (error.msg.find("illegal map value") != std::string::npos || error.msg.find("end of map") != std::string::npos) {
    problem.message += "; check the indentation here and above, and quote text that holds ': '";
  } else if (error.msg.find("unknown token") != std::string::npos) {
    problem.message += "; quote text that begins with a special character";
  }
  return problem;
}

Node parse_or_throw(std::string_view text, const std::shared_ptr<const std::string>& origin, std::vector<Problem>& problems) {
  check_bytes(text);
  std::istringstream in(text.find("\\u") == std::string_view::npos ? std::string(text) : join_surrogates(text));
  YAML::Parser parser(in);
  TreeBuilder builder(origin, problems);
  if (!parser.HandleNextDocument(builder)) {
    Node empty;
    empty.kind = Node::Kind::kMapping;
    empty.place = {origin, 1, 1};
    return empty;
  }
  Node root = builder.take_root();
  TreeBuilder second(origin, problems);
  if (parser.HandleNextDocument(second)) {
    const Place at = second.take_root().place;
    throw Refusal{at.line, at.column, "a second document in one file; one file holds one document"};
  }
  return root;
}

}  // namespace

bool Node::is_null() const {
  return kind == Kind::kScalar && !quoted && (text.empty() || text == "~" || text == "null");
}

const Node::Member* Node::find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

Node::Member* Node::find(std::string_view key) {
  return const_cast<Member*>(static_cast<const Node*>(this)->find(key));
}

std::optional<Node> parse_document(std::string_view text, const std::string& origin, std::vector<Problem>& problems) {
  if (text.size() > kDocumentBytesMax) {
    problems.push_back({origin, 0, 0, "",
                        "larger than " + std::to_string(kDocumentBytesMax >> 10) + " KiB: " + std::to_string(text.size())});
    return std::nullopt;
  }
  try {
    Node root = parse_or_throw(text, std::make_shared<const std::string>(origin), problems);
    if (root.is_null()) root.kind = Node::Kind::kMapping;
    return root;
  } catch (const Refusal& refusal) {
    problems.push_back({origin, refusal.line, refusal.column, "", refusal.message});
  } catch (const YAML::Exception& error) {
    problems.push_back(explain(error, text, origin));
  }
  return std::nullopt;
}

}  // namespace laketide::config
