#include "sources/files/file_list.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace laketide {
namespace {

bool is_hidden(std::string_view name) { return name.starts_with('.') || name.starts_with('_'); }

/// Walks down a path part by part. Confined to its task.
class Search {
 public:
  Search(storage::Store& store, const std::vector<std::string>& endings, const Wait& wait) : store_(store), endings_(endings), wait_(wait) {}

  Status into(const std::string& directory, std::string_view rest) {
    if (wait_.over()) return Status::cancelled("looking for files was cut short: " + directory);
    const size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    const std::string_view below = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
    if (part.empty()) return below.empty() ? folder(directory) : into(directory, below);
    if (!is_pattern(part)) return step(storage::join(directory, part), below);
    LT_ASSIGN_OR_RETURN(const auto entries, store_.list(directory));
    for (const auto& entry : entries) {
      if (!matches_pattern(part, entry.name) || (is_hidden(entry.name) && !is_hidden(part))) continue;
      const std::string path = storage::join(directory, entry.name);
      if (entry.is_directory) {
        if (!below.empty()) LT_RETURN_IF_ERROR(into(path, below));
      } else if (below.empty()) {
        LT_RETURN_IF_ERROR(add(path, entry));
      }
    }
    return {};
  }

  std::vector<FoundFile> take() {
    std::ranges::sort(found_, {}, &FoundFile::path);
    return std::move(found_);
  }

 private:
  Status step(const std::string& path, std::string_view below) {
    if (!below.empty()) return into(path, below);
    LT_ASSIGN_OR_RETURN(const auto there, store_.stat(path));
    if (!there) return {};
    return there->is_directory ? folder(path) : add(path, *there);
  }

  Status folder(const std::string& path) {
    LT_ASSIGN_OR_RETURN(const auto entries, store_.list(path));
    for (const auto& entry : entries) {
      const bool wanted = std::ranges::any_of(endings_, [&](const auto& ending) { return entry.name.ends_with(ending); });
      if (!entry.is_directory && wanted && !is_hidden(entry.name)) LT_RETURN_IF_ERROR(add(storage::join(path, entry.name), entry));
    }
    return {};
  }

  Status add(const std::string& path, const storage::Entry& entry) {
    found_.push_back({path, entry.size, entry.modified_ms});
    if (found_.size() <= kFilesMax) return {};
    return Status::user("too_many_files", "a job reads at most 100000 files; name fewer, for example a day at a time, or write them into a Delta table first", "sources");
  }

  storage::Store& store_;
  const std::vector<std::string>& endings_;
  const Wait& wait_;
  std::vector<FoundFile> found_;
};

}  // namespace

bool is_pattern(std::string_view path) { return path.find_first_of("*?") != std::string_view::npos; }

// Greedy with one way back: to the last star, which then takes one letter more.
bool matches_pattern(std::string_view pattern, std::string_view name) {
  size_t p = 0, n = 0, star = std::string_view::npos, taken = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

Result<std::vector<FoundFile>> find_files(storage::Store& store, const std::string& path, const std::vector<std::string>& endings, const Wait& wait) {
  Search search(store, endings, wait);
  const bool is_absolute = path.starts_with('/');
  LT_RETURN_IF_ERROR(search.into(is_absolute ? "/" : ".", is_absolute ? std::string_view(path).substr(1) : std::string_view(path)));
  auto found = search.take();
  if (found.empty()) return Status::user("no_files", "there is no file of this name; look at the path, which is below lake.root unless it is absolute: " + path, "sources");
  return found;
}

}  // namespace laketide
