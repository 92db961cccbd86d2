// YAML (and so JSON) text as a tree that remembers where each part stands.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/pipeline_spec.h"

namespace laketide::config {

/// Largest text and deepest nesting that are read. An anchor, alias, tag or second document is refused, so what is built
/// is never larger than what was sent.
inline constexpr size_t kDocumentBytesMax = 256 << 10;
inline constexpr int kDocumentDepthMax = 32;

/// Where something stands: the file (or "request", "--set a.b"), line and column from 1, 0 if there are none. Immutable.
struct Place {
  std::shared_ptr<const std::string> origin;
  int line = 0;
  int column = 0;
};

/// One scalar, sequence or mapping. Members keep the order of the text; a key occurs once. Caller synchronises.
struct Node {
  enum class Kind { kScalar, kSequence, kMapping };
  struct Member;

  Kind kind = Kind::kScalar;
  Place place;
  std::string text;     // of a scalar, as written: variables are not expanded
  bool quoted = false;  // a quoted scalar is text, whatever it looks like
  std::vector<Node> items;
  std::vector<Member> members;

  /// Plain and empty, `~` or `null`: the same as a key that is not there.
  bool is_null() const;
  const Member* find(std::string_view key) const;
  Member* find(std::string_view key);
};

/// A key and what it names. Caller synchronises.
struct Node::Member {
  std::string key;
  Place key_place;
  Node value;
};

/// Reads one document. An empty text is an empty mapping. None, and a problem, if it cannot be read; a key that occurs twice is a
/// problem too, and its first value is read.
std::optional<Node> parse_document(std::string_view text, const std::string& origin, std::vector<Problem>& problems);

}  // namespace laketide::config
