// MD5 (RFC 1321), for the function of that name: a fingerprint, not a safeguard.
#pragma once

#include <string>
#include <string_view>

namespace laketide::expr {

/// 32 hexadecimal digits.
std::string md5_hex(std::string_view bytes);

}  // namespace laketide::expr
