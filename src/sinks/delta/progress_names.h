// How a sink's progress and its files are called in a table. Part of the format on disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/positions.h"

namespace laketide {

/// Names of one sink of one pipeline; every part is percent-encoded (RFC 3986, all but unreserved characters). Immutable.
class ProgressNames {
 public:
  ProgressNames(const std::string& pipeline, const std::string& sink);

  /// txn appIds: laketide/<pipeline>/<sink>, …/generation, …/<source>/<topic>/<partition>.
  const std::string& epoch() const { return epoch_; }
  const std::string& generation() const { return generation_; }
  std::string partition(const SourcePartition& place) const;
  /// The partition of an appId of this sink; none for any other.
  std::optional<SourcePartition> place_of(std::string_view app_id) const;

  /// part-<tag>-<epoch, 10 digits>-<lane>-<uuid>.<codec>.parquet
  std::string file(EpochId epoch, int lane, const std::string& uuid, const std::string& codec) const;
  /// The epoch in the name of a file of this sink; none for any other file.
  std::optional<EpochId> epoch_of_file(std::string_view name) const;

 private:
  std::string epoch_;
  std::string generation_;
  std::string tag_;  // "part-<8 hex>-"
};

}  // namespace laketide
