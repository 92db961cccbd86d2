#include "lake/text_bound.h"

#include <arrow/util/utf8.h>

namespace laketide::lake {

namespace {

constexpr std::string_view kLargest = "\xF4\x8F\xBF\xBF";  // U+10FFFF

bool is_utf8(std::string_view text) {
  static const bool ready = (arrow::util::InitializeUTF8(), true);
  return ready && arrow::util::ValidateUTF8(text);
}

size_t character_size(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte < 0x80) return 1;
  if (byte < 0xE0) return 2;
  return byte < 0xF0 ? 3 : 4;
}

/// Bytes of the first `count` characters, or of all of them.
size_t bytes_of(std::string_view text, int64_t count) {
  size_t at = 0;
  while (count-- > 0 && at < text.size()) at += character_size(text[at]);
  return at;
}

}  // namespace

std::optional<std::string> lower_text_bound(std::string_view text, int64_t prefix) {
  // A bound is cut from a long text's head; what follows the cut need not be looked at, save a split character.
  if (!is_utf8(text)) return std::nullopt;
  return std::string(text.substr(0, bytes_of(text, prefix)));
}

std::optional<std::string> upper_text_bound(std::string_view text, int64_t prefix) {
  if (!is_utf8(text)) return std::nullopt;
  size_t cut = bytes_of(text, prefix);
  if (cut == text.size()) return std::string(text);
  for (int64_t grown = prefix; grown < 2 * prefix; ++grown) {
    const std::string_view dropped = text.substr(cut, character_size(text[cut]));
    if (dropped != kLargest) {
      const bool below_delete = dropped.size() == 1 && dropped[0] < 0x7f;
      return std::string(text.substr(0, cut)).append(below_delete ? "\x7f" : kLargest);
    }
    cut += dropped.size();
    if (cut == text.size()) return std::string(text);
  }
  return std::nullopt;
}

}  // namespace laketide::lake
