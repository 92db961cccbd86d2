// The paths that every record takes, each alone and on the same input: what hot_paths_benchmark times and counted_paths counts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// One path over the first records of record_text.h. Confined to its task.
class HotPath {
 public:
  virtual ~HotPath() = default;
  /// Takes all its records once; may be called again. Ends the program if anything fails.
  virtual void run() = 0;
  int64_t records() const { return kBatches * kBatchRecords; }

  static constexpr int64_t kBatches = 8;
  static constexpr int64_t kBatchRecords = 2048;
};

/// json_decode: six fields of text to columns. wide_decode: three fields of fifty, among them a text of 500 characters. parquet_encode: columns to snappy Parquet, with statistics. copy_encode: columns to
/// COPY BINARY. window_lane: a lane's part of a 10 s window's count and average by text. lane: from a reader's records through the decoder
/// to a sink that forgets them.
std::vector<std::string> hot_path_names();
std::unique_ptr<HotPath> make_hot_path(std::string_view name);

}  // namespace bench
