// Text files pinned for a run, as the records that lanes read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "flow/read_ahead.h"
#include "flow/source.h"
#include "laketide/status.h"
#include "sources/files/file_layout.h"
#include "sources/files/file_list.h"
#include "sources/files/text_file.h"
#include "storage/store.h"

namespace laketide {

/// What a run reads of text files. Immutable.
struct TextSelection {
  std::string source, topic;
  TextShape shape;
  std::vector<FoundFile> files;
  std::vector<int64_t> records;  // of each file
  std::shared_ptr<const FileLayout> layout;
};

/// What a lane holds of text that no memory pool counts: what is ready, what is worked on, and what is being read.
inline constexpr int64_t kTextLaneBytes = 8 << 20;

/// Hands out records, their bytes as they stand in the file; read on io threads, a few megabytes ahead. A file that has not the records it
/// should fails `kUser` files_changed.
std::unique_ptr<Reader> make_text_reader(std::shared_ptr<const TextSelection> selection, std::shared_ptr<storage::Store> store, IoPost post, Context& context);

/// One record again, by reading its file up to it.
Result<std::optional<Reject>> read_text_record(const TextSelection& selection, storage::Store& store, int32_t partition, int64_t offset, const Wait& wait);

}  // namespace laketide
