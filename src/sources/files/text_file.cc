#include "sources/files/text_file.h"

#include <algorithm>
#include <utility>

namespace laketide {
namespace {

constexpr size_t kBlockBytes = 1 << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kGzip = "\x1F\x8B", kZstd = "\x28\xB5\x2F\xFD";
constexpr size_t kNone = std::string_view::npos;

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == kNone; }

/// Where the record that begins at `begin` ends, by the rules of quoted values: a quote opens one only where a value begins.
size_t end_of_quoted(std::string_view bytes, size_t begin, char delimiter) {
  bool inside = false, value_begins = true;
  for (size_t i = begin; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (inside) {
      if (c == '"' && i + 1 < bytes.size() && bytes[i + 1] == '"') ++i;
      else if (c == '"') inside = false;
      continue;
    }
    if (c == '\n') return i;
    inside = c == '"' && value_begins;
    value_begins = c == delimiter;
  }
  return kNone;
}

size_t end_of_record(std::string_view bytes, size_t begin, const TextShape& shape) {
  const size_t end = bytes.find('\n', begin);
  const std::string_view line = bytes.substr(begin, end == kNone ? kNone : end - begin);
  if (!shape.quoted || line.find('"') == kNone) return end;
  return end_of_quoted(bytes, begin, shape.delimiter);
}

}  // namespace

TextFile::TextFile(std::unique_ptr<storage::FileReader> file, std::string path, const TextShape& shape)
    : file_(std::move(file)), path_(std::move(path)), shape_(shape), header_is_due_(shape.header) {}

Result<std::unique_ptr<TextFile>> TextFile::open(storage::Store& store, const std::string& path, const TextShape& shape) {
  LT_ASSIGN_OR_RETURN(auto file, store.open(path));
  std::string begin(kZstd.size(), '\0');
  LT_ASSIGN_OR_RETURN(const int64_t got, file->read_at(0, static_cast<int64_t>(begin.size()), begin.data()));
  begin.resize(static_cast<size_t>(got));
  if (begin.starts_with(kGzip) || begin.starts_with(kZstd)) {
    return Status::user("compressed_file", "compressed text is not read in this version; unpack the file first: " + path, "sources");
  }
  std::unique_ptr<TextFile> text(new TextFile(std::move(file), path, shape));
  if (begin.starts_with(kByteOrderMark)) text->at_ = kByteOrderMark.size();
  return text;
}

Result<bool> TextFile::next(TextBlock& out) {
  out.records.clear();
  if (rest_.empty() && at_ >= file_->size()) return false;
  auto bytes = std::make_unique<std::string>(std::exchange(rest_, {}));
  const size_t kept = bytes->size();
  bytes->reserve(kept + kBlockBytes + kPadding);
  bytes->resize(kept + kBlockBytes);
  LT_ASSIGN_OR_RETURN(const int64_t got, file_->read_at(at_, kBlockBytes, bytes->data() + kept));
  at_ += got;
  bytes->resize(kept + static_cast<size_t>(got));
  const bool is_last = got < static_cast<int64_t>(kBlockBytes);
  const size_t done = cut(*bytes, is_last, out.records);
  rest_ = bytes->substr(done);
  if (is_last) at_ = file_->size();
  if (rest_.size() > kRecordBytesMax) {
    return Status::user("record_too_large", "a record of a text file is larger than 16 MiB; is a quote left open, or is this another format? " + path_ + ", before byte " + std::to_string(at_), "sources");
  }
  if (header_is_due_ && !out.records.empty()) {
    header_ = std::string(out.records.front());
    out.records.erase(out.records.begin());
    header_is_due_ = false;
  }
  out.bytes = std::move(bytes);
  return true;
}

size_t TextFile::cut(std::string_view bytes, bool is_last, std::vector<std::string_view>& records) const {
  size_t begin = 0;
  while (begin < bytes.size()) {
    const size_t end = end_of_record(bytes, begin, shape_);
    if (end == kNone && !is_last) return begin;
    std::string_view record = bytes.substr(begin, end == kNone ? kNone : end - begin);
    if (record.ends_with('\r')) record.remove_suffix(1);
    if (!is_blank(record)) records.push_back(record);
    begin = end == kNone ? bytes.size() : end + 1;
  }
  return bytes.size();
}

}  // namespace laketide
