// Letters of protocols, which know no locale.
#pragma once

#include <string>
#include <string_view>

namespace laketide::http {

/// A to Z as a to z; other bytes as they are.
inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

}  // namespace laketide::http
