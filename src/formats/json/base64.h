// Base64 (RFC 4648, section 4), strictly.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace laketide::json {

constexpr size_t base64_decoded_size_max(size_t text_size) { return text_size / 4 * 3 + 3; }

/// Writes the bytes of `text` to `out`, which has room for base64_decoded_size_max of them, and answers how many. Padding may be left
/// out; nothing else may be. None if the text is anything else.
std::optional<size_t> decode_base64(std::string_view text, char* out);

}  // namespace laketide::json
