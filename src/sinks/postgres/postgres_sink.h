// The PostgreSQL sink: rows, progress and refused rows of an epoch in one transaction.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/positions.h"
#include "flow/rejects.h"
#include "flow/sink.h"
#include "laketide/status.h"

namespace laketide {

/// One table that rows go to. Immutable.
struct PostgresTarget {
  enum class Mode {
    kAppend,
    kUpsert,     // a row replaces the one with its key; a delete (flow/change.h) takes it out
    kOverwrite,  // each epoch's rows replace all that the table has
  };

  std::string id;     // the sink's id in its pipeline; part of the progress's key
  std::string table;  // schema.table; parts folded to lower case unless "quoted", as PostgreSQL does
  Mode mode = Mode::kAppend;
  std::vector<std::string> key;  // upsert: columns that tell rows apart; empty: those that `bind` is told (flow/key_columns.h)
  std::string order_by;          // upsert: the row with the larger value stays; empty: the last one
};

/// The sinks of one pipeline that share a URL. Immutable.
struct PostgresSinkOptions {
  /// Reads a record again, for the quarantine; none: it is gone. May block until the Wait is over.
  using Lookup = std::function<Result<std::optional<Reject>>(const SourcePartition&, RecordOffset, const Wait&)>;

  std::string pipeline;             // under which progress is kept
  std::string shown_as;             // the pipeline's name in the quarantine; empty: the same
  std::string url;                  // libpq URL or keywords; a leading "jdbc:" is dropped
  std::string schema = "laketide";  // of the tables progress and quarantine
  std::vector<PostgresTarget> targets;
  std::string source;  // SourcePartition::source of every row's place
  std::string topic;   // of rows that carry no `_topic`
  /// What becomes of rows that the server refuses (PRODUCT: bad_records.policy). kFail ends the epoch with `bad_record`.
  enum class Refused { kQuarantine, kDrop, kFail };
  Refused refused = Refused::kQuarantine;
  Lookup lookup;       // may be empty: refused rows are kept without bytes
  /// Runs work on the sinks' io actor, the one that also makes the Sink calls.
  std::function<void(std::function<void()>)> post;
  size_t queue_bytes_max = 32 << 20;  // encoded rows of all targets and lanes that wait for the connection
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds lock_timeout{10'000};
  std::chrono::milliseconds statement_timeout{600'000};
};

/// Makes one Sink for each target, in their order. They share one connection and one transaction per epoch, which is
/// what this contract with the epoch coordinator is about:
///
/// - `claim` each, then `bind` each, before rows are written. A sink that was not claimed takes no part.
/// - `bind` gets the columns that the table shall have. Batches may carry hidden columns behind them, of which `_topic`
///   (utf8), `_partition` (int32) and `_offset` (int64) are the row's place; a refused row without place goes to
///   quarantine without its bytes.
/// - Writers live until their epoch is prepared. A writer that is opened when no other is alive begins anew: rows of an epoch
///   that was not prepared are dropped.
/// - Writers only encode, into a queue bounded in bytes that the io actor copies from while the epoch is open. Rows of
///   epoch N+1 wait there until N is committed.
/// - The first `prepare` of an epoch prepares all claimed sinks (so every writer of every one of them must have ended
///   the epoch before), the first `commit` commits all; the calls to the others find it done and answer for their part.
///   The plan must be the same for all.
/// - A sink whose progress has the epoch already answers prepare and commit with success and writes nothing.
/// - After any failure the epoch is lost as a whole: `abandon` it on every sink, then open new writers (those open before
///   answer `cancelled`) and run the epoch again. `commit` failing with `epoch_lost` says that read-back found the epoch
///   missing; with another retryable failure the outcome is not known yet and `commit` is to be called again.
///
/// The backend's application_name is `laketide/<pipeline>/<id of the first target>`, '%' and '/' in the parts
/// percent-encoded; PostgreSQL keeps 63 bytes of printable ASCII, so a name that would not survive ends in '~' and 16 hex
/// digits of its hash. A claim that meets a lock on its progress for longer than `lock_timeout` terminates the holder if
/// it bears the name of one of these targets.
///
/// Fails `kUser`: `bad_url` (never quoting the URL), `bad_identifier`, `bad_sink`. Rows that change
/// others fail an append with `needs_upsert`.
Result<std::vector<std::unique_ptr<Sink>>> make_postgres_sinks(PostgresSinkOptions options);

}  // namespace laketide
