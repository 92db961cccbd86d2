// The seam to what records come from: Source for the run, Reader for each lane.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/positions.h"
#include "base/wait.h"
#include "flow/batch.h"
#include "flow/context.h"
#include "flow/epoch.h"
#include "flow/records.h"
#include "flow/rejects.h"
#include "flow/step.h"
#include "laketide/status.h"

namespace laketide {

/// Reads the partitions given to one lane. Never blocks. Confined to its task.
class Reader {
 public:
  virtual ~Reader() = default;
  /// Replaces what is read. A range without end goes on for ever; with an end exactly [start, end) is handed out, over
  /// transaction markers, aborted records and compacted holes, then poll answers Done. Nothing else differs.
  virtual Status assign(const Ranges& ranges) = 0;
  /// Fills `out` (Records of Kafka, or a Batch of sources that have rows already); views live until the next poll.
  /// Ready: `out` holds rows. More: nothing yet but call again. Blocked: nothing there; the waker is armed. Done: every
  /// range is read to its end. Fails `kUser` with code `data_loss` when records that it should read are gone.
  virtual Result<Step> poll(const Budget& budget, std::variant<Records, Batch>& out) = 0;
  /// The next offset of each assigned partition: the only truth about how far this lane has read. Covers what was handed
  /// out by the last poll, and markers and holes passed over.
  virtual Positions next() const = 0;
  /// The last record handed out of each partition since `assign` (partitions that had none are absent).
  virtual std::map<SourcePartition, LastRecord> last_records() const = 0;
};

/// Which of all its contents a source that can change as a whole (a table, files) stands for. `pin` is all that is needed to find
/// exactly these again, as the source's own JSON; `shown` the same in few words, as JSON. Both empty: offsets say it all. Immutable.
struct SourceSnapshot {
  std::string pin;
  std::string shown;
};

/// One source of a pipeline, for the run. May block until the Wait is over; called on io threads. Thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  /// The partitions there are now and what can be read of each. Fails `kExternal` when the broker is away, `kUser`
  /// `unknown_topic` when it answers that the topic does not exist.
  virtual Result<PartitionBounds> bounds(const Wait& wait) = 0;
  /// Per partition the first offset whose record is at or after `time`; the high bound if there is none.
  virtual Result<Positions> at_time(Instant time, const Wait& wait) = 0;
  /// Of a source that has rows already, and not records for a format to decode: its columns. Null: records. Asked after `bounds`.
  virtual Result<std::shared_ptr<arrow::Schema>> row_schema(const Wait&) { return std::shared_ptr<arrow::Schema>(); }
  /// Such a source's readers give these columns, in this order, and behind them the pseudo-columns of these names. Before any `open`.
  virtual Status select(const std::shared_ptr<arrow::Schema>& /*columns*/, const std::vector<std::string>& /*hidden*/) { return {}; }
  /// What it reads, once `bounds` has answered for the first time; the answer is then always the same.
  virtual SourceSnapshot snapshot() const { return {}; }
  /// False: what can be read is what `bounds` said, and never more.
  virtual bool grows() const { return true; }
  virtual Result<std::unique_ptr<Reader>> open(Context& context) = 0;
  /// Shows committed positions to others (Kafka: the group's offsets, for lag tools). Never read back; failure is only logged.
  virtual Status mirror(const Positions& committed, const Wait& wait) = 0;
  /// Reads one record again, with its bytes, for rare paths (a row that the sink refused; is the last record still the same
  /// one?). Its stage, code and reason are left empty. None: it is gone (retention, compaction, the topic recreated).
  virtual Result<std::optional<Reject>> fetch(const SourcePartition& partition, RecordOffset offset, const Wait& wait) = 0;
};

}  // namespace laketide
