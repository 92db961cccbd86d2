#include "config/document_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <tuple>

#include <sys/stat.h>

namespace laketide::config {

std::optional<std::string> read_text(const std::string& file, std::vector<Problem>& problems) {
  struct stat about {};
  errno = 0;
  if (stat(file.c_str(), &about) == 0 && S_ISDIR(about.st_mode)) errno = EISDIR;
  std::string text(kDocumentBytesMax + 1, '\0');
  std::ifstream in;
  if (errno == 0) in.open(file, std::ios::binary);
  if (errno != 0 || !in) {
    problems.push_back({file, 0, 0, "", std::string("cannot be read: ") + std::strerror(errno == 0 ? EIO : errno)});
    return std::nullopt;
  }
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  return text;
}

std::optional<Node> read_document(const std::string& file, std::vector<Problem>& problems) {
  const auto text = read_text(file, problems);
  return text ? parse_document(*text, file, problems) : std::nullopt;
}

void sort_by_place(std::vector<Problem>& problems, size_t first) {
  std::stable_sort(problems.begin() + static_cast<ptrdiff_t>(first), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
  });
}

Status summary_of(const std::vector<Problem>& problems, size_t first) {
  std::string detail;
  for (size_t i = first; i < problems.size(); ++i) detail += (i == first ? "" : "\n") + problems[i].to_string();
  return Status::user("invalid_config", detail, problems[first].field);
}

}  // namespace laketide::config
