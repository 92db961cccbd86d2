#include "config/expansion.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace laketide::config {
namespace {

constexpr size_t kFileBytesMax = 64 << 10;
constexpr std::string_view kFilePrefix = "file:";

Status refused(const std::string& detail) { return Status::user("bad_variable", detail); }

Result<std::string> file_text(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text(kFileBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (in.gcount() == 0 && errno != 0)) {
    return refused("${file:" + path + "} cannot be read: " + std::strerror(errno == 0 ? EIO : errno));
  }
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > kFileBytesMax) return refused("${file:" + path + "} is larger than 64 KiB");
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

bool is_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

Result<std::string> value_of(std::string_view reference) {
  if (reference.starts_with(kFilePrefix)) return file_text(std::string(reference.substr(kFilePrefix.size())));
  const size_t dash = reference.find(":-");
  const std::string name(reference.substr(0, dash));
  if (!is_name(name)) {
    return refused("${" + std::string(reference) + "} is no variable; write ${NAME}, ${NAME:-default} or ${file:/path}");
  }
  const char* value = std::getenv(name.c_str());
  if (dash != std::string_view::npos) {
    return std::string(value != nullptr && *value != '\0' ? value : reference.substr(dash + 2));
  }
  if (value == nullptr) return refused("the variable " + name + " is not set; set it, or write ${" + name + ":-default}");
  return std::string(value);
}

/// Position of the next "${" that is not "$${".
size_t find_reference(std::string_view text, size_t from) {
  for (size_t at = text.find("${", from); at != std::string_view::npos; at = text.find("${", at + 2)) {
    if (at == 0 || text[at - 1] != '$') return at;
  }
  return std::string_view::npos;
}

void append_unescaped(std::string& out, std::string_view text) {
  for (size_t at; (at = text.find("$${")) != std::string_view::npos; text.remove_prefix(at + 3)) {
    out.append(text.substr(0, at)).append("${");
  }
  out.append(text);
}

}  // namespace

bool has_variable(std::string_view text) { return find_reference(text, 0) != std::string_view::npos; }

Result<std::string> expand(std::string_view text) {
  std::string out;
  size_t done = 0;
  for (size_t at; (at = find_reference(text, done)) != std::string_view::npos;) {
    const size_t close = text.find('}', at);
    if (close == std::string_view::npos) return refused("\"${\" without its \"}\"; for the two characters themselves write \"$${\"");
    append_unescaped(out, text.substr(done, at - done));
    LT_ASSIGN_OR_RETURN(const std::string value, value_of(text.substr(at + 2, close - at - 2)));
    out += value;
    done = close + 1;
  }
  append_unescaped(out, text.substr(done));
  return out;
}

}  // namespace laketide::config
