#include "sinks/delta/progress_names.h"

#include <charconv>
#include <cstdio>
#include <vector>

#include "flow/epoch.h"

namespace laketide {
namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

std::string encode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return out;
}

template <typename Int>
std::optional<Int> to_number(std::string_view text, int base = 10) {
  Int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<std::string> decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto byte = to_number<int>(text.substr(i + 1, 2), 16);
    if (!byte || i + 2 >= text.size()) return std::nullopt;
    out += static_cast<char>(*byte);
    i += 2;
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

ProgressNames::ProgressNames(const std::string& pipeline, const std::string& sink)
    : epoch_("laketide/" + encode(pipeline) + "/" + encode(sink)), generation_(epoch_ + "/generation") {
  char tag[16];
  std::snprintf(tag, sizeof tag, "part-%08x-", static_cast<unsigned>(hash_key(epoch_.data(), epoch_.size())));
  tag_ = tag;
}

std::string ProgressNames::partition(const SourcePartition& place) const {
  return epoch_ + "/" + encode(place.source) + "/" + encode(place.topic) + "/" + std::to_string(place.partition);
}

std::optional<SourcePartition> ProgressNames::place_of(std::string_view app_id) const {
  if (!app_id.starts_with(epoch_ + "/")) return std::nullopt;
  const auto parts = split(app_id.substr(epoch_.size() + 1), '/');
  if (parts.size() != 3) return std::nullopt;
  const auto source = decode(parts[0]);
  const auto topic = decode(parts[1]);
  const auto partition = to_number<int32_t>(parts[2]);
  if (!source || !topic || !partition) return std::nullopt;
  return SourcePartition{*source, *topic, *partition};
}

std::string ProgressNames::file(EpochId epoch, int lane, const std::string& uuid, const std::string& codec) const {
  char number[24];
  std::snprintf(number, sizeof number, "%010lld", static_cast<long long>(epoch.value));
  return tag_ + number + "-" + std::to_string(lane) + "-" + uuid + "." + codec + ".parquet";
}

std::optional<EpochId> ProgressNames::epoch_of_file(std::string_view name) const {
  if (!name.starts_with(tag_)) return std::nullopt;
  name.remove_prefix(tag_.size());
  const auto number = to_number<int64_t>(name.substr(0, name.find('-')));
  return number ? std::optional(EpochId(*number)) : std::nullopt;
}

}  // namespace laketide
