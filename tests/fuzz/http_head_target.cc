// A request's head: found at the same place however it arrives, and what passes has one meaning by a second, slower reading.
#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "fuzz/target.h"
#include "http/request_head.h"

namespace laketide::fuzz {
namespace {

constexpr size_t kPieceByPieceMax = 1024;

/// The name of each field as the most forgiving of readers would take it, once for each time that it is there: blanks and control bytes taken
/// out, an underscore as a hyphen, split at every line feed.
std::vector<std::string> field_names(std::string_view head) {
  std::vector<std::string> names;
  size_t at = head.find('\n') + 1;
  while (at < head.size()) {
    const size_t end = std::min(head.find('\n', at), head.size());
    std::string name(head.substr(at, std::min(head.find(':', at), end) - at));
    name.erase(std::remove_if(name.begin(), name.end(), [](unsigned char c) { return c <= ' ' || c >= 0x7F; }), name.end());
    for (char& c : name) c = c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    names.push_back(name);
    at = end + 1;
  }
  return names;
}

void check_framing(std::string_view head) {
  const auto names = field_names(head);
  const auto count = [&](std::string_view name) { return std::count(names.begin(), names.end(), name); };
  must(count("transfer-encoding") == 0, "a transfer encoding passed", head);
  must(count("content-length") <= 1, "two lengths passed", head);
  must(count("host") <= 1, "two hosts passed", head);
  must(head.find('\0') == std::string_view::npos, "a zero byte passed", head);
  for (size_t i = 0; i < head.size(); ++i) {
    must(head[i] != '\n' || (i > 0 && head[i - 1] == '\r'), "a bare line feed passed", head);
    must(head[i] != '\r' || (i + 1 < head.size() && head[i + 1] == '\n'), "a bare carriage return passed", head);
  }
}

}  // namespace

void read_bytes(std::string_view bytes) {
  http::HeadScanner whole, pieces;
  const auto found = whole.scan(bytes);
  if (!found.ok()) must_be_refusal(found.status());
  for (size_t size = 1; bytes.size() <= kPieceByPieceMax && size <= bytes.size(); ++size) {
    const auto step = pieces.scan(bytes.substr(0, size));
    if (!step.ok()) {
      must(!found.ok(), "refused in pieces, taken as a whole", bytes);
      break;
    }
    if (*step) {
      must(found.ok() && *found == *step, "it ends elsewhere in pieces", bytes);
      break;
    }
    must(size < bytes.size() || (found.ok() && !*found), "it ends in no piece", bytes);
  }
  const std::string_view head = found.ok() && *found ? bytes.substr(0, **found) : bytes;
  const Status status = http::check_head(head);
  must_be_refusal(status);
  if (status.ok() && found.ok() && *found) check_framing(head);
}

}  // namespace laketide::fuzz
