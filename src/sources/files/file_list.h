// Which files a path names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/wait.h"
#include "laketide/status.h"
#include "storage/store.h"

namespace laketide {

/// One file as it was when it was found; another size or time means other contents. Immutable.
struct FoundFile {
  std::string path;
  int64_t size = 0, modified_ms = 0;
  bool operator==(const FoundFile&) const = default;
};

inline constexpr size_t kFilesMax = 100'000;

/// `path` is a file; a folder, of which the files directly inside are taken whose names have one of `endings`; or a pattern, in whose parts
/// `*` stands for any letters and `?` for one. Names that begin with '.' or '_' are passed over unless they are written out. In order of
/// their paths. Fails `kUser` no_files, too_many_files, or as the store.
Result<std::vector<FoundFile>> find_files(storage::Store& store, const std::string& path, const std::vector<std::string>& endings, const Wait& wait);

/// Whether `name` is what the pattern says.
bool matches_pattern(std::string_view pattern, std::string_view name);
bool is_pattern(std::string_view path);

}  // namespace laketide
