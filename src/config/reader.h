// Walks a document tree by tables of fields; gathers every problem and the canonical form on the way.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"

namespace laketide::config {

/// A string as JSON text, quotes included.
std::string json_text(std::string_view text);
/// Members as a JSON object, sorted by key; values are JSON already. Members without a value are left out.
std::string json_object(const std::map<std::string, std::string>& members);
std::string json_array(const std::vector<std::string>& items);

class Reader;

/// One key of a section: its name, one line of documentation (the shipped service file shows the same line), and how its
/// value is read. `read` gives the value's canonical JSON, or reports problems; its `path` is the dotted field. Immutable.
struct Field {
  std::string name;
  std::string doc;
  std::function<std::string(Reader&, const Node&, const std::string& path)> read;
  std::vector<std::string_view> aliases = {};
  std::string refused = {};        // not empty: the key is known, and refused with this sentence
  std::vector<Field> members = {};  // of a section
  std::string type = {};            // for the reference: "duration, 1s to 1h"
  std::string standard = {};        // for the reference: what holds where the key is left out; empty: nothing
};

/// Reads values and gathers problems. Confined to its task.
class Reader {
 public:
  /// A file's author may use variables and absolute paths; a request's may not.
  enum class Author { kFile, kRequest };

  Reader(Author author, std::vector<Problem>& problems) : author_(author), problems_(problems) {}

  bool is_file() const { return author_ == Author::kFile; }
  void refuse(const Place& place, const std::string& path, std::string message);
  size_t problem_count() const { return problems_.size(); }

  /// A scalar's text, variables expanded. None, and a problem that says "expected <what>", if it is no scalar or null.
  std::optional<std::string> scalar(const Node& node, const std::string& path, std::string_view what);
  /// True for a mapping; else a problem.
  bool expect_mapping(const Node& node, const std::string& path, std::string_view example);
  /// Reads the members of a mapping by their fields; unknown keys are problems with the nearest name, nulls count as left
  /// out. The result is the canonical object.
  std::string section(const Node& node, const std::string& path, const std::vector<Field>& fields);

  /// "expected <what>, got …; <hint>": the value itself is shown only if it is short and a scalar.
  void refuse_value(const Node& node, const std::string& path, std::string_view what, std::string_view hint = {});
  /// The canonical form of a scalar: as written if it holds variables, else `canonical`.
  std::string canonical_of(const Node& node, std::string canonical) const;

 private:
  void refuse_unknown(const Node::Member& member, const std::string& path, const std::vector<Field>& fields);

  Author author_;
  std::vector<Problem>& problems_;
};

/// `parent.key`, or `key` at the top.
std::string path_of(const std::string& parent, std::string_view key);

}  // namespace laketide::config
