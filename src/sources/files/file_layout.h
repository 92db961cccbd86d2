// Which rows of which file stand at which offsets.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/positions.h"

namespace laketide {

/// Rows [skip, skip + count) of the file at `index`, the first of which is at `offset` of its partition. Immutable.
struct FilePart {
  size_t index = 0;
  int64_t skip = 0;
  int64_t count = 0;
  int64_t offset = 0;
};

/// Files of a snapshot as partitions of a source: file i is in partition i mod `partitions`, its rows behind those of the files before it
/// there; an offset is the number of a row in its partition. A function of the rows alone, so that a range names the same rows for
/// ever. Immutable.
class FileLayout {
 public:
  static constexpr int32_t kPartitionsMax = 16;

  /// At least one partition, also without files.
  explicit FileLayout(std::span<const int64_t> rows_of_files);

  PartitionBounds bounds(const std::string& source, const std::string& topic) const;
  /// What a range covers, file by file, without empty parts. The range must lie within the bounds.
  std::vector<FilePart> parts(int32_t partition, int64_t start, int64_t end) const;
  int64_t rows() const;

 private:
  std::vector<std::vector<FilePart>> partitions_;  // whole files, by offset
};

}  // namespace laketide
