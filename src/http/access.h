// Who may call: tokens and their scopes, and browsers that were sent here by somebody else's page.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "laketide/status.h"

namespace laketide::http {

/// What a route asks for; each scope includes those before it. kNone: anybody.
enum class Scope { kNone, kRead, kOperate, kAdmin };
std::string_view to_string(Scope scope);

/// The tokens of a file: one `scope token` per line, # begins a comment. Without tokens everybody may do everything.
/// Immutable.
class Access {
 public:
  Access() = default;
  /// Fails if the file cannot be read, a line is malformed, or there is no token. No message shows a token.
  static Result<Access> load(const std::string& token_file);

  bool has_tokens() const { return !tokens_.empty(); }
  /// Compares in constant time. Codes `unauthorized` (no token, unknown token) and `forbidden` (too small a scope).
  Status check(std::string_view authorization, Scope needed) const;

 private:
  struct Token {
    Scope scope;
    std::string secret;
  };
  std::vector<Token> tokens_;
};

/// Codes `foreign_origin`: the page that sent the browser is not ours; `foreign_host`: on loopback without tokens, the
/// name asked for is not a loopback name (DNS rebinding).
Status check_origin(const Head& head, bool has_tokens);

/// "localhost", "127.0.0.1:8080", "[::1]:8080".
bool is_loopback_name(std::string_view host);

}  // namespace laketide::http
