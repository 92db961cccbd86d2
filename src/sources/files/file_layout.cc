#include "sources/files/file_layout.h"

#include <algorithm>

namespace laketide {
namespace {

int64_t end_of(const std::vector<FilePart>& files) { return files.empty() ? 0 : files.back().offset + files.back().count; }

}  // namespace

FileLayout::FileLayout(std::span<const int64_t> rows_of_files) : partitions_(std::clamp<size_t>(rows_of_files.size(), 1, kPartitionsMax)) {
  for (size_t i = 0; i < rows_of_files.size(); ++i) {
    auto& files = partitions_[i % partitions_.size()];
    files.push_back({i, 0, rows_of_files[i], end_of(files)});
  }
}

PartitionBounds FileLayout::bounds(const std::string& source, const std::string& topic) const {
  PartitionBounds all;
  for (size_t p = 0; p < partitions_.size(); ++p) {
    all[{source, topic, static_cast<int32_t>(p)}] = Bounds{NextOffset(0), NextOffset(end_of(partitions_[p]))};
  }
  return all;
}

std::vector<FilePart> FileLayout::parts(int32_t partition, int64_t start, int64_t end) const {
  std::vector<FilePart> parts;
  if (partition < 0 || static_cast<size_t>(partition) >= partitions_.size()) return parts;
  for (const FilePart& file : partitions_[static_cast<size_t>(partition)]) {
    const int64_t from = std::max(start, file.offset), to = std::min(end, file.offset + file.count);
    if (from < to) parts.push_back({file.index, from - file.offset, to - from, from});
  }
  return parts;
}

int64_t FileLayout::rows() const {
  int64_t all = 0;
  for (const auto& files : partitions_) all += end_of(files);
  return all;
}

}  // namespace laketide
