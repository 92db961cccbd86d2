#include "state/version_reader.h"

#include <utility>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>

#include "state/arrow_status.h"

namespace laketide::state {

Result<std::unique_ptr<VersionReader>> VersionReader::open(storage::Store& store, std::string path) {
  LT_ASSIGN_OR_RETURN(auto file, store.open(path));
  std::unique_ptr<VersionReader> reader(new VersionReader(std::move(file), std::move(path)));
  LT_RETURN_IF_ERROR(reader->read_head());
  return reader;
}

Status VersionReader::damaged(std::string what) const { return corrupt(std::move(what) + ": " + path_); }

Status VersionReader::read(int64_t size, char* out) {
  LT_ASSIGN_OR_RETURN(const int64_t got, file_->read_at(at_, size, out));
  if (got < size) return damaged("the file is cut short at byte " + std::to_string(at_ + got));
  at_ += size;
  return {};
}

Status VersionReader::read_head() {
  std::string bytes(kPreludeBytes, '\0');
  LT_RETURN_IF_ERROR(read(kPreludeBytes, bytes.data()));
  auto size = decode_prelude(bytes);
  if (!size.ok()) {
    const Status& failure = size.status();
    return Status::user(std::string(failure.code()), std::string(failure.detail()) + ": " + path_);
  }
  if (*size > file_->size()) return damaged("the file is cut short in its head");
  bytes.resize(static_cast<size_t>(kPreludeBytes + *size));
  LT_RETURN_IF_ERROR(read(*size, bytes.data() + kPreludeBytes));
  uint64_t written = 0;
  LT_RETURN_IF_ERROR(read(sizeof written, reinterpret_cast<char*>(&written)));
  checksum_ = checksum_of(bytes);
  if (written != checksum_) return damaged("its head does not have its checksum");
  auto head = decode_head(std::string_view(bytes).substr(kPreludeBytes));
  if (!head.ok()) return Status::user(std::string(head.status().code()), std::string(head.status().detail()) + ": " + path_);
  head_ = *std::move(head);
  return {};
}

Result<bool> VersionReader::next(Section& section) {
  const int64_t begin = at_;
  std::string bytes(kSectionHeadBytes, '\0');
  LT_RETURN_IF_ERROR(read(kSectionHeadBytes, bytes.data()));
  if (!decode_section_head(bytes, section.head, checksum_)) {
    return damaged("the head of the section at byte " + std::to_string(begin) + " does not have its checksum");
  }
  if (section.head.kind == SectionKind::kEnd) {
    if (section.head.table != sections_) return damaged("sections are missing");
    if (at_ != file_->size()) return damaged("something stands behind its end, at byte " + std::to_string(at_));
    return false;
  }
  if (section.head.table >= head_.tables.size()) return damaged("a section belongs to no table, at byte " + std::to_string(begin));
  if (section.head.bytes > static_cast<uint64_t>(file_->size() - at_)) {
    return damaged("the file is cut short in the section at byte " + std::to_string(begin));
  }
  const auto size = static_cast<int64_t>(section.head.bytes);
  auto buffer = arrow::AllocateBuffer(size);
  if (!buffer.ok()) return from_arrow(buffer.status(), "read state");
  LT_RETURN_IF_ERROR(read(size, reinterpret_cast<char*>((*buffer)->mutable_data())));
  section.bytes = *std::move(buffer);
  if (checksum_of(std::string_view(*section.bytes)) != section.head.checksum) {
    return damaged("the section at byte " + std::to_string(begin) + " does not have its checksum");
  }
  ++sections_;
  return true;
}

Status VersionReader::apply(const Section& section, SavedTable& table) const {
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.use_threads = false;
  auto stream = arrow::ipc::RecordBatchStreamReader::Open(std::make_shared<arrow::io::BufferReader>(section.bytes), options);
  if (!stream.ok()) return damaged("a section with the right checksum cannot be read: " + stream.status().ToString());
  for (;;) {
    Rows rows;
    const arrow::Status read = (*stream)->ReadNext(&rows);
    if (read.IsOutOfMemory()) return from_arrow(read, "read state");
    if (!read.ok()) return damaged("rows with the right checksum cannot be read: " + read.ToString());
    if (rows == nullptr) return {};
    LT_RETURN_IF_ERROR(section.head.kind == SectionKind::kRows ? table.restore(rows) : table.restore_removed(rows));
  }
}

}  // namespace laketide::state
