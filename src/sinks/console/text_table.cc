#include "sinks/console/text_table.h"

#include <algorithm>

namespace laketide {
namespace {

constexpr uint32_t kNoCharacter = 0xFFFFFFFF;

// The character at `at`, which moves behind it; kNoCharacter and one byte further where no valid one stands.
uint32_t next_character(const std::string& text, size_t& at) {
  const auto first = static_cast<unsigned char>(text[at]);
  const size_t size = first < 0x80 ? 1 : first >= 0xF0 && first < 0xF5 ? 4 : first >= 0xE0 && first < 0xF0 ? 3
                      : first >= 0xC2 && first < 0xE0 ? 2 : 0;
  if (size == 0 || at + size > text.size()) {
    ++at;
    return kNoCharacter;
  }
  uint32_t character = size == 1 ? first : first & (0x7Fu >> size);
  for (size_t byte = 1; byte < size; ++byte) {
    const auto next = static_cast<unsigned char>(text[at + byte]);
    if ((next & 0xC0) != 0x80) {
      ++at;
      return kNoCharacter;
    }
    character = character << 6 | (next & 0x3F);
  }
  at += size;
  const bool overlong = (size == 3 && character < 0x800) || (size == 4 && character < 0x10000);
  const bool surrogate = character >= 0xD800 && character < 0xE000;
  return overlong || surrogate || character > 0x10FFFF ? kNoCharacter : character;
}

bool steers(uint32_t character) {
  return character < 0x20 || (character >= 0x7F && character < 0xA0) || character == 0x2028 || character == 0x2029 ||
         (character >= 0x202A && character <= 0x202E) || (character >= 0x2066 && character <= 0x2069);
}

// The blocks that terminals show in two columns; the locale's own table is not there in the C locale.
bool is_wide(uint32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF && c != 0x303F) || (c >= 0xAC00 && c <= 0xD7A3) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) || (c >= 0xFFE0 && c <= 0xFFE6) ||
         (c >= 0x1F300 && c <= 0x1F64F) || (c >= 0x1F900 && c <= 0x1F9FF) || (c >= 0x20000 && c <= 0x3FFFD);
}

size_t columns_of(const std::string& text) {
  size_t columns = 0;
  for (size_t at = 0; at < text.size();) columns += is_wide(next_character(text, at)) ? 2 : 1;
  return columns;
}

void append_row(const std::vector<std::string>& cells, const std::vector<size_t>& widths, std::string& out) {
  for (size_t column = 0; column < cells.size(); ++column) {
    out += '|';
    out.append(widths[column] - columns_of(cells[column]), ' ');
    out += cells[column];
  }
  out += "|\n";
}

}  // namespace

std::string to_cell(const std::string& text, int64_t width_max) {
  std::string out;
  std::vector<size_t> ends;  // of each character in `out`
  for (size_t at = 0; at < text.size();) {
    const size_t from = at;
    const uint32_t character = next_character(text, at);
    if (character == kNoCharacter || steers(character)) {
      out += '?';
    } else {
      out.append(text, from, at - from);
    }
    ends.push_back(out.size());
  }
  const auto limit = static_cast<size_t>(std::max<int64_t>(width_max, 0));
  if (limit == 0 || ends.size() <= limit) return out;
  const size_t kept = limit > 3 ? limit - 3 : 0;
  out.resize(kept == 0 ? 0 : ends[kept - 1]);
  return out.append(std::min<size_t>(limit, 3), '.');
}

std::string to_columns(const std::string& text, int64_t columns_max) {
  std::string out = to_cell(text, 0);
  const auto limit = static_cast<size_t>(std::max<int64_t>(columns_max, 0));
  if (limit == 0 || columns_of(out) <= limit) return out;
  const size_t dots = std::min<size_t>(limit, 3);
  size_t kept = 0;
  for (size_t at = 0, columns = 0;;) {
    columns += is_wide(next_character(out, at)) ? 2 : 1;
    if (columns > limit - dots) break;
    kept = at;
  }
  out.resize(kept);
  return out.append(dots, '.');
}

std::string format_table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(head.size(), 3);
  for (size_t column = 0; column < head.size(); ++column) widths[column] = std::max(widths[column], columns_of(head[column]));
  for (const auto& row : rows) {
    for (size_t column = 0; column < head.size(); ++column) widths[column] = std::max(widths[column], columns_of(row[column]));
  }
  std::string line;
  for (const size_t width : widths) line.append("+").append(width, '-');
  line += "+\n";
  std::string out = line;
  append_row(head, widths, out);
  out += line;
  for (const auto& row : rows) append_row(row, widths, out);
  return out += line;
}

}  // namespace laketide
