// Short strings that bound long ones from below and above, in the order of their bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace laketide::lake {

/// The first `prefix` characters; none if `text` is not UTF-8.
std::optional<std::string> lower_text_bound(std::string_view text, int64_t prefix);

/// `text` if it is no longer than `prefix` characters, else a prefix and a tie-breaker behind it that is not less than the
/// first dropped character: U+007F for an ASCII one, else U+10FFFF. While that character is the largest there is, the
/// prefix grows, to twice its length; then, and if `text` is not UTF-8, there is no bound. (Spark's rule.)
std::optional<std::string> upper_text_bound(std::string_view text, int64_t prefix);

}  // namespace laketide::lake
