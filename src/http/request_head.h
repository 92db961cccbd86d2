// The bytes of a request's head, judged before any parser that forgives sees them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "laketide/status.h"

namespace laketide::http {

/// Finds the end of a head in bytes that arrive piece by piece. Refuses at once what can never become a clean head: a
/// line feed without carriage return, a control byte, too many bytes. Confined to its task.
class HeadScanner {
 public:
  /// `received`: everything since the head's first byte. The head's size with its empty line; none if it goes on.
  Result<std::optional<size_t>> scan(std::string_view received);

 private:
  size_t done_ = 0;
};

/// Checks a whole head by RFC 9112 read strictly: what two parsers could understand in two ways is refused, so that
/// nothing is smuggled past a proxy. One space in the request line; no folded lines, no space before a colon, no
/// underscore in a name; one Host; at most one Content-Length, digits only, and one Idempotency-Key; no Transfer-Encoding; HTTP/1.0 or 1.1.
Status check_head(std::string_view head);

}  // namespace laketide::http
