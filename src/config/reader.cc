#include "config/reader.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/nearest_name.h"
#include "config/expansion.h"

namespace laketide::config {
namespace {

constexpr size_t kShownBytesMax = 40;

std::string shown(const Node& node) {
  if (node.kind == Node::Kind::kMapping) return "a mapping";
  if (node.kind == Node::Kind::kSequence) return "a list";
  if (node.is_null()) return "nothing";
  return node.text.size() <= kShownBytesMax ? "\"" + node.text + "\"" : "a longer text";
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string out;
  for (const std::string_view name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

const Field* find_field(const std::vector<Field>& fields, std::string_view key) {
  for (const Field& field : fields) {
    const bool alias = std::find(field.aliases.begin(), field.aliases.end(), key) != field.aliases.end();
    if (field.name == key || alias) return &field;
  }
  return nullptr;
}

}  // namespace

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_object(const std::map<std::string, std::string>& members) {
  std::string out = "{";
  for (const auto& [key, value] : members) {
    if (value.empty()) continue;
    out.append(out.size() == 1 ? "" : ",").append(json_text(key)).append(":").append(value);
  }
  return out + "}";
}

std::string json_array(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) out.append(out.size() == 1 ? "" : ",").append(item);
  return out + "]";
}

std::string path_of(const std::string& parent, std::string_view key) {
  return parent.empty() ? std::string(key) : parent + "." + std::string(key);
}

void Reader::refuse(const Place& place, const std::string& path, std::string message) {
  problems_.push_back({place.origin ? *place.origin : "", place.line, place.column, path, std::move(message)});
}

void Reader::refuse_value(const Node& node, const std::string& path, std::string_view what, std::string_view hint) {
  std::string message = "expected " + std::string(what) + ", got " + shown(node);
  if (!hint.empty()) message.append("; ").append(hint);
  refuse(node.place, path, std::move(message));
}

std::optional<std::string> Reader::scalar(const Node& node, const std::string& path, std::string_view what) {
  if (node.kind != Node::Kind::kScalar || node.is_null()) {
    refuse_value(node, path, what);
    return std::nullopt;
  }
  if (!is_file() || node.text.find("${") == std::string::npos) return node.text;
  Result<std::string> text = expand(node.text);
  if (text.ok()) return *text;
  refuse(node.place, path, std::string(text.status().detail()));
  return std::nullopt;
}

std::string Reader::canonical_of(const Node& node, std::string canonical) const {
  return is_file() && has_variable(node.text) ? json_text(node.text) : canonical;
}

bool Reader::expect_mapping(const Node& node, const std::string& path, std::string_view example) {
  if (node.kind == Node::Kind::kMapping) return true;
  refuse_value(node, path, "a mapping such as " + std::string(example));
  return false;
}

void Reader::refuse_unknown(const Node::Member& member, const std::string& path, const std::vector<Field>& fields) {
  std::vector<std::string_view> names;
  std::vector<std::string_view> spellings;
  for (const Field& field : fields) {
    if (!field.refused.empty()) continue;
    names.push_back(field.name);
    spellings.push_back(field.name);
    spellings.insert(spellings.end(), field.aliases.begin(), field.aliases.end());
  }
  const std::string near = nearest_name(member.key, spellings);
  const std::string hint = near.empty() ? "valid here: " + joined(names) : "did you mean \"" + near + "\"?";
  refuse(member.key_place, path_of(path, member.key), "unknown key \"" + member.key + "\"; " + hint);
}

std::string Reader::section(const Node& node, const std::string& path, const std::vector<Field>& fields) {
  std::map<std::string, std::string> canonical;
  if (!expect_mapping(node, path, fields.empty() ? "{}" : "{ " + fields.front().name + ": … }")) return {};
  std::map<std::string, std::string> seen;  // field, the spelling it was given by
  for (const Node::Member& member : node.members) {
    const Field* field = find_field(fields, member.key);
    if (field == nullptr) {
      refuse_unknown(member, path, fields);
      continue;
    }
    if (member.value.is_null()) continue;
    if (!field->refused.empty()) {
      refuse(member.key_place, path_of(path, member.key), field->refused);
      continue;
    }
    const auto [first, is_new] = seen.emplace(field->name, member.key);
    if (!is_new) {
      refuse(member.key_place, path_of(path, member.key),
             "\"" + member.key + "\" and \"" + first->second + "\" are the same setting; keep one");
      continue;
    }
    canonical[field->name] = field->read(*this, member.value, path_of(path, field->name));
  }
  return json_object(canonical);
}

}  // namespace laketide::config
