#include "config/override.h"

#include <algorithm>
#include <cctype>

#include <unistd.h>

#include "config/service_fields.h"

namespace laketide::config {
namespace {

constexpr std::string_view kPrefix = "LAKETIDE_";
constexpr std::string_view kListKey = "PIPELINES";  // the one key that stands in no section

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string replaced(std::string text, char from, char to) {
  std::replace(text.begin(), text.end(), from, to);
  return text;
}

std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  for (size_t at; (at = text.find(separator)) != std::string_view::npos; text.remove_prefix(at + separator.size())) {
    parts.emplace_back(text.substr(0, at));
  }
  parts.emplace_back(text);
  return parts;
}

/// Variables are for files: in an override `${` is itself.
std::string literal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '{' && out.ends_with('$')) out += "${";
    else out += c;
  }
  return out;
}

std::optional<Node> value_node(const std::string& value, const std::string& origin, std::vector<Problem>& problems) {
  if (value.starts_with('[') || value.starts_with('{')) return parse_document(value, origin, problems);
  Node node;
  node.place.origin = std::make_shared<const std::string>(origin);
  node.text = literal(value);
  return node;
}

void put(Node& root, const std::vector<std::string>& path, Node value) {
  Node* at = &root;
  for (const std::string& key : path) {
    if (at->kind != Node::Kind::kMapping) {
      *at = Node{};
      at->kind = Node::Kind::kMapping;
      at->place = value.place;
    }
    if (at->find(key) == nullptr) {
      at->members.push_back({key, value.place, Node{}});
      at->members.back().value.place = value.place;
    }
    at = &at->find(key)->value;
  }
  *at = std::move(value);
}

bool same_but_hyphens(const std::string& a, const std::string& b) {
  return lower(replaced(a, '-', '_')) == lower(replaced(b, '-', '_'));
}

/// The pool that a variable's part means: one of the file or of the defaults, else the part with hyphens.
std::string pool_name(const Node& root, const std::string& part) {
  if (const Node::Member* pools = root.find("pools")) {
    for (const Node::Member& pool : pools->value.members) {
      if (same_but_hyphens(pool.key, part)) return pool.key;
    }
  }
  return replaced(part, '_', '-');
}

std::vector<std::string> path_of_variable(const Node& root, std::string_view name) {
  std::vector<std::string> path = split(lower(name), "__");
  if (path.size() >= 2 && path[0] == "pools") path[1] = pool_name(root, path[1]);
  if (path.size() >= 3 && path[0] == "kafka" && path[1] == "client") {
    std::string setting;
    for (size_t i = 2; i < path.size(); ++i) setting += (i == 2 ? "" : ".") + replaced(path[i], '_', '.');
    path = {"kafka", "client", setting};
  }
  return path;
}

}  // namespace

void apply_environment(Node& root, std::vector<Problem>& problems) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.emplace_back(*variable);
  std::sort(variables.begin(), variables.end());  // so that problems come in one order
  for (const std::string& variable : variables) {
    if (!variable.starts_with(kPrefix)) continue;
    const size_t equals = std::min(variable.find('='), variable.size());
    const std::string name = variable.substr(kPrefix.size(), equals - kPrefix.size());
    if (name.find("__") == std::string::npos && name != kListKey) continue;
    const std::string origin = "environment " + variable.substr(0, equals);
    auto value = value_node(equals < variable.size() ? variable.substr(equals + 1) : "", origin, problems);
    if (value) put(root, path_of_variable(root, name), std::move(*value));
  }
}

void apply_set(Node& root, const std::string& set, std::vector<Problem>& problems) {
  const size_t equals = set.find('=');
  const std::string key = set.substr(0, equals);
  if (equals == std::string::npos || key.empty() || key.starts_with('.') || key.ends_with('.')) {
    problems.push_back({"--set " + key, 0, 0, "", "expected section.key=value, such as server.listen=127.0.0.1:9090"});
    return;
  }
  constexpr std::string_view kClient = "kafka.client.";
  std::vector<std::string> path = split(key, ".");
  if (key.starts_with(kClient)) path = {"kafka", "client", key.substr(kClient.size())};
  auto value = value_node(set.substr(equals + 1), "--set " + key, problems);
  if (value) put(root, path, std::move(*value));
}

}  // namespace laketide::config
