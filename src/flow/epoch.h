// One unit of commit: what was fixed when it opened, and the plan that all sinks commit.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/positions.h"
#include "flow/static_tables.h"
#include "laketide/status.h"

namespace laketide {

/// Fixed when the epoch opens, which its first row does, the same at every replay. Immutable.
struct EpochInfo {
  EpochId id;
  Instant now;        // what now() is in SQL; EpochPlan::opened_at
  bool last = false;  // a bounded run's final epoch: everything is flushed
  /// Event time (PRODUCT §7): what stands at or before `late` had its chance in an earlier epoch; what ends at or before `evict` is
  /// final with this one. None: no row has been seen yet, or the pipeline has no event time. late <= evict.
  std::optional<Instant> late;
  std::optional<Instant> evict;
  TableVersions next_tables = {};  // what the epoch behind this one sees of the static tables
};

/// Identifies the last record taken from a partition, so that a recreated topic is noticed at start. Immutable.
struct LastRecord {
  RecordOffset offset;
  int64_t timestamp_ms = -1;
  uint64_t key_hash = 0;  // XXH/FNV of the key's bytes, see hash_key
  bool operator==(const LastRecord&) const = default;
};
/// FNV-1a, 64 bit, over the key's bytes; 0 for a null key. Part of the format on disk.
uint64_t hash_key(const char* key, size_t size);

/// Where event time stands after an epoch (PRODUCT §7). Immutable.
struct EventClock {
  std::map<SourcePartition, Instant> newest;  // the largest time of every partition that ever had a row
  std::set<SourcePartition> idle;             // these do not hold the watermark back
  std::optional<Instant> watermark;           // never decreases
  bool operator==(const EventClock&) const = default;
};

/// What became of the records of an epoch; the receipt says it. Immutable.
struct EpochCounts {
  int64_t rows_in = 0;
  int64_t rows_out = 0;  // taken by every sink that its query gave them to
  int64_t rejected = 0;
  bool operator==(const EpochCounts&) const = default;
};

/// All that a replay of an epoch needs beside the records themselves (PRODUCT §8.2). Written to the ledger, and into
/// every sink with the epoch's rows, as versioned JSON. Immutable once made.
struct EpochPlan {
  static constexpr int kVersion = 1;

  std::string pipeline;
  EpochId epoch;
  Instant opened_at;
  Ranges ranges;  // only partitions that moved; every end is set
  Positions begin;  // of every partition, where it was first read from: [begin, next) is what the sinks have
  Positions next;  // of every partition after this epoch, also of those that did not move
  std::map<SourcePartition, LastRecord> last_records;  // of every partition that ever gave one
  std::vector<std::string> sinks;                      // ids of the sinks that have a part in it
  std::map<std::string, std::string> schemas;  // source -> declared form, see formats/schema_text.h
  std::string spec_hash;                       // of the pipeline document the epoch was opened under
  bool last = false;
  EventClock clock;             // after this epoch; its watermark is EpochInfo::evict
  std::optional<Instant> late;  // EpochInfo::late
  TableVersions tables;                  // of the static tables that it saw
  std::map<std::string, std::string> snapshots;  // by source, SourceSnapshot::shown of those that stand for one; nobody needs them again
  std::optional<EpochId> state_base;     // version of the state the epoch began with; none: nothing was remembered yet
  std::optional<EpochId> state_version;  // and ended with; none: the query remembers nothing on disk
  std::optional<EpochCounts> counts;  // for the receipt, should the ledger be lost; none in plans of earlier releases

  std::string to_json() const;
  /// Refuses other versions by name.
  static Result<EpochPlan> from_json(std::string_view text);
};

/// What one writer made of an epoch, kept invisible until the commit. Owned by the run; destroyed without commit it must
/// leave nothing that `Sink::abandon` would not remove. Confined to its task.
class Staged {
 public:
  virtual ~Staged() = default;
  virtual int64_t rows() const = 0;
  virtual int64_t bytes() const = 0;
};
using StagedList = std::vector<std::unique_ptr<Staged>>;

}  // namespace laketide
