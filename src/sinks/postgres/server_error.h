// What the server said when it refused something.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "laketide/status.h"

namespace laketide::postgres {

/// The fields of an ErrorResponse that matter here; an empty sqlstate means that the connection broke. Immutable.
struct ServerError {
  std::string sqlstate;
  std::string message;
  std::string detail;
  std::string context;
  std::string schema;
  std::string table;

  bool connection_lost() const { return sqlstate.empty(); }
  /// The row itself is at fault (classes 22, 23 and 21000), so leaving it out helps. Not so 22P03 and 22P04, which say that
  /// our binary encoding is wrong.
  bool is_data() const;
  /// 55P03 by name.
  bool is_lock_timeout() const { return sqlstate == "55P03"; }
  /// Line of the COPY that failed, from 1, if the server's context tells (it does in English).
  std::optional<int64_t> copy_line() const;
  /// Message and detail, for a person.
  std::string text() const;
  /// Name of the condition in PostgreSQL's own list (unique_violation), or sqlstate_xxxxx.
  std::string condition() const;
};

/// Which Status a server's error is: whose fault, and what to do about it. `doing` says what was tried ("copy into t").
Status to_status(const ServerError& error, std::string_view doing);

}  // namespace laketide::postgres
