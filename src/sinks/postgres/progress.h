// The rows of <schema>.progress: what each sink has, committed together with what it has.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/positions.h"
#include "base/wait.h"
#include "flow/epoch.h"
#include "flow/sink.h"
#include "laketide/status.h"
#include "sinks/postgres/connection.h"

namespace laketide::postgres {

/// What a progress row says. Immutable.
struct ProgressRow {
  Generation generation;
  std::optional<EpochId> epoch;
};

/// Reads and writes progress rows, and makes the tables progress and quarantine. Layout of progress: pipeline text, sink
/// text, generation bigint, epoch bigint (NULL: none yet), next jsonb ({source: {topic: {partition: next offset}}}, all
/// partitions ever committed), plan jsonb (of that epoch), updated_at; key (pipeline, sink). Does not own the connection;
/// keeps no state. Immutable.
class ProgressTable {
 public:
  ProgressTable(std::string schema, std::string pipeline);

  /// Makes schema and tables that are missing. In no transaction; safe beside others that do the same.
  Status create(Connection& connection, const Wait& wait) const;

  /// Raises the generation of `sink`'s row, which it makes if it is missing, in a transaction of its own. A lock held by
  /// someone else for longer than `lock_timeout` ends the holder's backend if its application_name is one of `own_names`;
  /// else fails `kExternal` `progress_locked` and says who holds it.
  Result<Progress> claim(Connection& connection, const std::string& sink, const std::vector<std::string>& own_names,
                         std::chrono::milliseconds lock_timeout, const Wait& wait) const;

  /// What `sink`'s row says once nobody is about to change it: in a transaction of its own, with a holder dealt with as by `claim`.
  Result<ProgressRow> read(Connection& connection, const std::string& sink, const std::vector<std::string>& own_names,
                           std::chrono::milliseconds lock_timeout, const Wait& wait) const;

  /// Statement of an open transaction: locks `sink`'s row until its end. Whoever asks has the answer read by `locked`.
  std::string lock(const std::string& sink) const;
  /// `sink`'s row among those of a question with `lock`. Fails `kUser` `progress_lost` if there is none.
  Result<ProgressRow> locked(const Rows& rows, const std::string& sink) const;

  /// Statement of an open transaction, which locks `sink`'s row, too: where it says `known`, it says from now on that `sink` has `plan`'s
  /// epoch and `next`, and the answer is the transaction's id; else none.
  std::string advance(const std::string& sink, const ProgressRow& known, const EpochPlan& plan, const Positions& next) const;

 private:
  Status create_one(Connection& connection, const std::string& name, const std::string& definition, const Wait& wait) const;
  /// Ends the backend that holds `sink`'s row if its application_name is one of `own_names`; else fails
  /// `progress_locked`. Success, too, if nobody holds it any more.
  Status terminate_holder(Connection& connection, const std::string& sink, const std::vector<std::string>& own_names,
                          const Wait& wait) const;
  Result<Progress> raise(Connection& connection, const std::string& sink, std::chrono::milliseconds lock_timeout,
                         const Wait& wait) const;

  std::string schema_;
  std::string pipeline_;
  std::string table_;  // quoted, with schema

  std::string where(const std::string& sink) const;
};

}  // namespace laketide::postgres
