// What a format version looks like on disk, kept in the tree: tests/<room>/formats/<version>.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "support/temp_dir.h"

namespace laketide {

/// A copy of what stands in tests/<room>/formats/<version>, so that a test may write to it. With LAKETIDE_WRITE_FORMATS set, `make` writes
/// it into the tree first unless it is there: a version that was released is never written again. Caller synchronises.
class FormatFixture {
 public:
  template <typename Make>
  FormatFixture(const std::string& room, const std::string& version, Make make) {
    const char* root = std::getenv("LAKETIDE_SOURCE_DIR");
    const std::filesystem::path kept = std::filesystem::path(root ? root : ".") / "tests" / room / "formats" / version;
    if (std::getenv("LAKETIDE_WRITE_FORMATS") != nullptr && !std::filesystem::exists(kept)) make(kept.string());
    std::filesystem::copy(kept, path(), std::filesystem::copy_options::recursive);
  }
  std::string path() const { return directory_.path() + "/copy"; }

 private:
  TempDir directory_;
};

}  // namespace laketide
