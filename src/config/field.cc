#include "config/field.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/nearest_name.h"
#include "base/quantity.h"

namespace laketide::config {
namespace {

std::string between(const std::string& min, const std::string& max) { return "from " + min + " to " + max; }

std::string one_of(const std::vector<std::string_view>& words) {
  std::string out = "one of ";
  for (const std::string_view word : words) out.append(word == words.front() ? "" : ", ").append(word);
  return out;
}

/// A number that is quoted is text, unless a variable made it.
bool is_bare(const Node& node) { return !node.quoted || node.text.find("${") != std::string::npos; }

/// How a kind of scalar is described, read and written back. Immutable.
template <typename T>
struct Notation {
  std::string what;
  std::optional<T> (*parse)(std::string_view);
  std::string (*write)(T);
  bool is_json;    // what is written is JSON as it stands
  bool bare_only;  // quoted, it would be a text
};

std::string write_integer(int64_t value) { return std::to_string(value); }

/// Reads a scalar within `limits`, or `auto` where that is a value; gives its canonical form.
template <typename T>
std::string read_bounded(Reader& reader, const Node& node, const std::string& path, const Notation<T>& notation,
                         const Limits<T>& limits, const std::function<void(T)>& set, const std::optional<T>& auto_value = {}) {
  const std::string what = (auto_value ? "auto or " : "") + notation.what;
  const auto text = reader.scalar(node, path, what);
  if (!text) return {};
  if (auto_value && *text == "auto") {
    set(*auto_value);
    return json_text(node.text);
  }
  const std::optional<T> value = notation.bare_only && !is_bare(node) ? std::nullopt : notation.parse(*text);
  if (!value) {
    reader.refuse_value(node, path, what, notation.bare_only && node.quoted ? "write it without quotes" : "");
    return {};
  }
  const std::string written = notation.write(*value);
  if (*value < limits.min || *value > limits.max) {
    reader.refuse(node.place, path,
                  "out of range: " + written + " is not " + between(notation.write(limits.min), notation.write(limits.max)));
    return {};
  }
  set(*value);
  return reader.canonical_of(node, notation.is_json ? written : json_text(written));
}

Field made(std::string type, std::string standard, Field field) {
  field.type = std::move(type);
  field.standard = std::move(standard);
  return field;
}

std::string bounded_type(const std::string& what, const std::string& min, const std::string& max, bool may_be_auto) {
  return (may_be_auto ? "auto or " : "") + what + ", " + min + " to " + max;
}

}  // namespace

Field text_field(std::string name, std::string& into, std::string doc, TextCheck check) {
  return made("text", into, {std::move(name), std::move(doc), [&into, check](Reader& reader, const Node& node, const std::string& path) {
            const auto text = reader.scalar(node, path, "text");
            if (!text) return std::string();
            const std::string wrong = text->empty() ? "must not be empty" : check ? check(*text) : "";
            if (wrong.empty()) {
              into = *text;
            } else {
              reader.refuse(node.place, path, wrong);
            }
            return json_text(node.text);
          }});
}

Field word_field(std::string name, std::string& into, std::vector<std::string_view> words, std::string doc) {
  return made(one_of(words), into, {std::move(name), std::move(doc), [&into, words](Reader& reader, const Node& node, const std::string& path) {
            const auto text = reader.scalar(node, path, one_of(words));
            if (!text) return std::string();
            if (std::find(words.begin(), words.end(), *text) == words.end()) {
              const std::string near = nearest_name(*text, words);
              reader.refuse_value(node, path, one_of(words), near.empty() ? "" : "did you mean \"" + near + "\"?");
              return std::string();
            }
            into = *text;
            return json_text(node.text);
          }});
}

Field flag_field(std::string name, bool& into, std::string doc) {
  return made("true or false", into ? "true" : "false", {std::move(name), std::move(doc), [&into](Reader& reader, const Node& node, const std::string& path) {
            const auto text = reader.scalar(node, path, "true or false");
            if (!text) return std::string();
            if (!is_bare(node) || (*text != "true" && *text != "false")) {
              reader.refuse_value(node, path, "true or false");
              return std::string();
            }
            into = *text == "true";
            return reader.canonical_of(node, *text);
          }});
}

Field integer_field(std::string name, std::function<void(int64_t)> set, Limits<int64_t> limits, std::string doc,
                    std::optional<int64_t> auto_value) {
  const std::string type = bounded_type("whole number", write_integer(limits.min), write_integer(limits.max), auto_value.has_value());
  return made(type, auto_value ? "auto" : "", {std::move(name), std::move(doc), [=](Reader& reader, const Node& node, const std::string& path) {
            const Notation<int64_t> notation{"a whole number", parse_integer, write_integer, true, true};
            return read_bounded<int64_t>(reader, node, path, notation, limits, set, auto_value);
          }});
}

Field number_field(std::string name, std::function<void(double)> set, Limits<double> limits, std::string doc) {
  const std::string type = bounded_type("number", number_text(limits.min), number_text(limits.max), false);
  return made(type, "", {std::move(name), std::move(doc), [=](Reader& reader, const Node& node, const std::string& path) {
            const Notation<double> notation{"a number", parse_number, number_text, true, true};
            return read_bounded<double>(reader, node, path, notation, limits, set);
          }});
}

Field ratio_field(std::string name, double& into, std::string doc) {
  return made("share, 0% to 100%", number_text(std::round(into * 100)) + "%", {std::move(name), std::move(doc), [&into](Reader& reader, const Node& node, const std::string& path) {
            const Notation<double> notation{"a share such as 70% or 0.7", parse_ratio, number_text, true, false};
            return read_bounded<double>(reader, node, path, notation, {0, 1}, [&into](double value) { into = value; });
          }});
}

Field duration_field(std::string name, std::function<void(std::chrono::microseconds)> set,
                     Limits<std::chrono::microseconds> limits, std::string doc) {
  const std::string type = bounded_type("duration", duration_text(limits.min), duration_text(limits.max), false);
  return made(type, "", {std::move(name), std::move(doc), [=](Reader& reader, const Node& node, const std::string& path) {
            const Notation<std::chrono::microseconds> notation{"a duration such as 500ms, 30s, 5m or 1h", parse_duration,
                                                               duration_text, false, false};
            return read_bounded<std::chrono::microseconds>(reader, node, path, notation, limits, set);
          }});
}

Field size_field(std::string name, int64_t& into, Limits<int64_t> limits, std::string doc, std::optional<int64_t> auto_value) {
  const std::string type = bounded_type("size", size_text(limits.min), size_text(limits.max), auto_value.has_value());
  const std::string standard = auto_value ? "auto" : size_text(into);
  return made(type, standard, {std::move(name), std::move(doc), [&into, limits, auto_value](Reader& reader, const Node& node, const std::string& path) {
            const Notation<int64_t> notation{"a size such as 64KiB, 256MiB or 2GiB", parse_size, size_text, false, false};
            return read_bounded<int64_t>(reader, node, path, notation, limits, [&into](int64_t value) { into = value; }, auto_value);
          }});
}

Field list_field(std::string name, std::vector<std::string>& into, std::string doc, TextCheck check, bool may_be_empty) {
  const auto read = [&into, check, may_be_empty](Reader& reader, const Node& node, const std::string& path) {
    const bool empty = node.kind == Node::Kind::kSequence && node.items.empty();
    if (empty && !may_be_empty) {
      reader.refuse(node.place, path, "the list is empty; expected at least one entry, such as [a, b]");
      return std::string();
    }
    if (node.kind == Node::Kind::kMapping) {
      reader.refuse_value(node, path, "a list such as [a, b]");
      return std::string();
    }
    std::vector<std::string> canonical;
    std::vector<std::string> texts;
    const auto read_one = [&](const Node& item, const std::string& item_path) {
      std::string text;
      canonical.push_back(text_field("", text, "", check).read(reader, item, item_path));
      if (text.empty()) return;
      if (std::find(texts.begin(), texts.end(), text) != texts.end()) {
        reader.refuse(item.place, item_path, "\"" + text + "\" is in the list twice");
      }
      texts.push_back(std::move(text));
    };
    if (node.kind == Node::Kind::kScalar) read_one(node, path);
    for (size_t i = 0; i < node.items.size(); ++i) read_one(node.items[i], path + "[" + std::to_string(i) + "]");
    into = std::move(texts);
    return json_array(canonical);
  };
  std::string standard;
  for (const std::string& text : into) standard += (standard.empty() ? "" : ", ") + text;
  return made("list of texts, or one", standard.empty() ? "" : "[" + standard + "]", {std::move(name), std::move(doc), read});
}

Field refused_field(std::string name, std::string sentence) {
  Field field;
  field.name = std::move(name);
  field.refused = std::move(sentence);
  return field;
}

Field section_field(std::string name, std::string doc, std::vector<Field> fields) {
  Field field;
  field.name = std::move(name);
  field.doc = std::move(doc);
  field.members = fields;
  field.read = [fields = std::move(fields)](Reader& reader, const Node& node, const std::string& path) {
    return reader.section(node, path, fields);
  };
  return field;
}

Field with_type(Field field, std::string type, std::string standard) { return made(std::move(type), std::move(standard), std::move(field)); }

Field with_default(Field field, std::string standard) {
  field.standard = std::move(standard);
  return field;
}

Field with_aliases(Field field, std::vector<std::string_view> aliases) {
  field.aliases = std::move(aliases);
  return field;
}

}  // namespace laketide::config
