#include "config/value_place.h"

#include <algorithm>
#include <charconv>

namespace laketide::config {
namespace {

std::string_view line_of(std::string_view text, int number) {
  for (; number > 1; --number) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

/// What stands behind the first `count` characters.
std::string_view after_characters(std::string_view text, int count) {
  size_t at = 0;
  for (; at < text.size() && count > 0; --count) {
    for (++at; at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;) ++at;
  }
  return text.substr(at);
}

/// Follows the path as far as it goes; `rest` is what is left of it.
const Node& follow(const Node& root, std::string_view& rest) {
  const Node* at = &root;
  while (!rest.empty()) {
    const Node* next = nullptr;
    if (rest.starts_with('[')) {
      const size_t close = std::min(rest.find(']'), rest.size() - 1);
      size_t index = 0;
      std::from_chars(rest.data() + 1, rest.data() + close, index);
      if (index < at->items.size()) next = &at->items[index];
      if (next != nullptr) rest.remove_prefix(close + 1);
    } else {
      // A key may have dots in it, as a topic's name does.
      for (const Node::Member& member : at->members) {
        const bool ends = rest.size() == member.key.size() || (rest.size() > member.key.size() && (rest[member.key.size()] == '.' || rest[member.key.size()] == '['));
        if (!ends || !rest.starts_with(member.key)) continue;
        next = &member.value;
        rest.remove_prefix(member.key.size());
        break;
      }
    }
    if (next == nullptr) break;
    at = next;
    if (rest.starts_with('.')) rest.remove_prefix(1);
  }
  return *at;
}

}  // namespace

const Node* find_value(const Node& root, std::string_view path) {
  const Node& found = follow(root, path);
  return path.empty() ? &found : nullptr;
}

const Node& nearest_value(const Node& root, std::string_view path) { return follow(root, path); }

Place place_within(const Node& scalar, std::string_view document, int line, int column) {
  Place place = scalar.place;
  // The end of the text is behind its last word, not where the next key stands.
  while (line > 1 && line_of(scalar.text, line).find_first_not_of(' ') == std::string_view::npos) {
    const std::string_view above = line_of(scalar.text, --line);
    column = static_cast<int>(std::ranges::count_if(above, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; })) + 1;
  }
  const std::string_view first = after_characters(line_of(document, place.line), place.column - 1);
  if (first.starts_with('|')) {
    std::string_view content;
    for (int below = 1; content.find_first_not_of(' ') == std::string_view::npos && below <= line; ++below) content = line_of(document, place.line + below);
    place.line += line;
    place.column = static_cast<int>(std::min(content.find_first_not_of(' '), content.size())) + column;
  } else {
    place.column += column - (scalar.quoted ? 0 : 1);
    if (line != 1) place.line = 0;
  }
  // What was counted must be what stands there: a folded or escaped text is not as long as it looks.
  const std::string_view meant = after_characters(line_of(scalar.text, line), column - 1);
  const std::string_view there = place.line == 0 ? std::string_view() : after_characters(line_of(document, place.line), place.column - 1);
  const size_t word = std::min<size_t>(meant.size(), 8);
  if (!there.starts_with(meant.substr(0, word))) place.line = 0;
  return place;
}

}  // namespace laketide::config
