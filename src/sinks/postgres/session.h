// The one connection and transaction of all sinks of a run that share a URL.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/wait.h"
#include "flow/sink.h"
#include "laketide/status.h"
#include "sinks/postgres/identifier.h"
#include "sinks/postgres/postgres_sink.h"

namespace laketide::postgres {

/// Owns the connection. Its calls are those of flow/sink.h with the target's number in front; make_postgres_sinks says how
/// several sinks work through one session. The life of an epoch on the connection:
///
///   none ──first rows or prepare──► open ──prepare──► prepared ──commit──► none
///   open: BEGIN; every claimed sink's progress row locked and compared with what we know of it, or put forward; chunks copied as they come
///   prepared: staged rows moved, refused rows written, progress advanced, constraints checked; only COMMIT is left
///   any failure, abandon ──► rolled back, queue dropped      connection lost in COMMIT ──► unknown ──read back──► none
///
/// One mutex is held for the length of a call; a drain that finds it taken leaves the work to the holder. Thread-safe.
class Session {
 public:
  virtual ~Session() = default;
  virtual Result<Progress> claim(size_t target, const Wait& wait) = 0;
  virtual Status bind(size_t target, const Schema& schema, const Wait& wait) = 0;
  virtual Result<std::optional<Instant>> largest(size_t target, const std::string& column, const Wait& wait) = 0;
  virtual Result<std::unique_ptr<Writer>> open(size_t target, Context& context) = 0;
  virtual Status prepare(size_t target, const EpochPlan& plan, const Wait& wait) = 0;
  virtual Result<Commit> commit(size_t target, const EpochPlan& plan, const Wait& wait) = 0;
  virtual Status abandon(EpochId epoch, const Wait& wait) = 0;
  /// Makes a drain that runs now end soon; the session is not used any more.
  virtual void stop() = 0;
};

/// `names` are the parsed tables of the targets, in their order.
std::shared_ptr<Session> make_session(PostgresSinkOptions options, std::vector<TableName> names);

}  // namespace laketide::postgres
