// One connection to a PostgreSQL server, never waiting longer than it is told to.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/wait.h"
#include "laketide/status.h"
#include "sinks/postgres/server_error.h"

namespace laketide::postgres {

/// Where and how to connect. Immutable.
struct ConnectionOptions {
  std::string url;
  std::string application_name;
  std::chrono::milliseconds connect_timeout{10'000};
  StopToken stop = {};  // ends every call, whatever its own Wait says
};

/// Refuses a URL that libpq cannot read; the message does not quote it, for it may hold a password.
Status check_url(const std::string& url);

/// Rows of a query in text form; none for NULL. Immutable.
using Rows = std::vector<std::vector<std::optional<std::string>>>;

/// A column of a query's result: its type's number and modifier, as format_type takes them. Immutable.
struct ResultColumn {
  std::string name;
  uint32_t type = 0;
  int modifier = -1;
};

/// An open connection. Every call returns when the Wait is over or the options' `stop` fires, at the latest; the statement
/// is then cancelled and the connection closed, for nobody knows its state. Session: time zone UTC, UTF-8, notices dropped.
/// Failures come as a Status (see to_status); `last_error` tells more until the next call. Confined to its task.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const ConnectionOptions& options, const Wait& wait);
  virtual ~Connection() = default;

  /// One or several statements without result.
  virtual Status run(const std::string& sql, const Wait& wait) = 0;
  /// One or several statements at once: appends the rows of all of them to `rows`, of those too that came before one that failed.
  virtual Status ask(const std::string& sql, Rows& rows, const Wait& wait) = 0;
  /// One statement with parameters in text form.
  virtual Result<Rows> query(const std::string& sql, const std::vector<std::optional<std::string>>& parameters,
                             const Wait& wait) = 0;
  /// Of the last query that succeeded.
  virtual const std::vector<ResultColumn>& columns() const = 0;
  /// Statements of which exactly one is a COPY … FROM STDIN; sends it `parts` one after another, without framing of its own. Appends the rows
  /// of the statements before it to `rows`.
  virtual Status copy(const std::string& sql, std::span<const std::string_view> parts, Rows& rows, const Wait& wait) = 0;

  /// Sends one statement without reading its reply, and reads it. Between the two the outcome is open.
  virtual Status send(const std::string& sql, const Wait& wait) = 0;
  virtual Status receive(const Wait& wait) = 0;
  /// Command tag of the last statement that succeeded, "COMMIT" for example.
  virtual const std::string& tag() const = 0;

  virtual const ServerError& last_error() const = 0;
  /// False once the connection broke or was given up; nothing can be done with it then.
  virtual bool usable() const = 0;
  /// Cuts the socket, as a broken network would.
  virtual void cut() = 0;
  /// PG_VERSION_NUM of the server: 150004.
  virtual int server_version() const = 0;
};

}  // namespace laketide::postgres
