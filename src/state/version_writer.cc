#include "state/version_writer.h"

#include <algorithm>
#include <string>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "state/arrow_status.h"
#include "state/section.h"

namespace laketide::state {

namespace {

// A section is read back at once, so its size is what writing and reading hold beside the tables themselves.
constexpr int64_t kSectionBytes = 4 << 20;
constexpr int64_t kBatchRows = 16 << 10;

/// Appends sections to a file; each is an Arrow stream of its own. Confined to its task.
class SectionWriter {
 public:
  SectionWriter(storage::FileWriter& file, uint64_t head_checksum, const Wait& wait)
      : file_(file), checksum_(head_checksum), wait_(wait) {}

  Status write(SectionKind kind, uint32_t table, const std::shared_ptr<arrow::Schema>& schema, const std::vector<Rows>& batches) {
    for (const Rows& batch : batches) {
      for (int64_t at = 0; at < batch->num_rows(); at += kBatchRows) {
        if (!stream_) LT_RETURN_IF_ERROR(begin(schema));
        const auto portion = batch->num_rows() <= kBatchRows ? batch : batch->Slice(at, kBatchRows);
        LT_RETURN_IF_ERROR(from_arrow(stream_->WriteRecordBatch(*portion), "write state"));
        LT_ASSIGN_OR_RETURN(const int64_t size, position());
        if (size >= kSectionBytes) LT_RETURN_IF_ERROR(end(kind, table));
      }
    }
    return stream_ ? end(kind, table) : Status();
  }

  Result<uint64_t> finish() {
    LT_RETURN_IF_ERROR(file_.append(encode_section_head({.kind = SectionKind::kEnd, .table = sections_}, checksum_)));
    return checksum_;
  }

 private:
  Status begin(const std::shared_ptr<arrow::Schema>& schema) {
    if (wait_.over()) return Status::cancelled("the time for writing state is over");
    auto buffer = arrow::io::BufferOutputStream::Create(kSectionBytes + kSectionBytes / 4);
    if (!buffer.ok()) return from_arrow(buffer.status(), "write state");
    buffer_ = *std::move(buffer);
    auto options = arrow::ipc::IpcWriteOptions::Defaults();
    options.use_threads = false;
    auto stream = arrow::ipc::MakeStreamWriter(buffer_, schema, options);
    if (!stream.ok()) return from_arrow(stream.status(), "write state");
    stream_ = *std::move(stream);
    return {};
  }

  Result<int64_t> position() const {
    auto size = buffer_->Tell();
    if (!size.ok()) return from_arrow(size.status(), "write state");
    return *size;
  }

  Status end(SectionKind kind, uint32_t table) {
    LT_RETURN_IF_ERROR(from_arrow(stream_->Close(), "write state"));
    stream_.reset();
    auto bytes = buffer_->Finish();
    if (!bytes.ok()) return from_arrow(bytes.status(), "write state");
    const std::string_view view(**bytes);
    const SectionHead head{kind, table, view.size(), checksum_of(view)};
    LT_RETURN_IF_ERROR(file_.append(encode_section_head(head, checksum_)));
    ++sections_;
    return file_.append(view);
  }

  storage::FileWriter& file_;
  uint64_t checksum_;
  const Wait& wait_;
  uint32_t sections_ = 0;
  std::shared_ptr<arrow::io::BufferOutputStream> buffer_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> stream_;
};

}  // namespace

Result<uint64_t> write_version(storage::FileWriter& file, const VersionHead& head, const FrozenState& state, const Wait& wait) {
  LT_ASSIGN_OR_RETURN(std::string bytes, encode_prelude_and_head(head));
  const uint64_t checksum = checksum_of(bytes);
  pack(bytes, checksum);
  LT_RETURN_IF_ERROR(file.append(bytes));
  SectionWriter sections(file, checksum, wait);
  uint32_t place = 0;
  for (const TableHead& table : head.tables) {
    const FrozenState::Table& frozen = state.tables.at(table.name);
    LT_RETURN_IF_ERROR(sections.write(SectionKind::kRemoved, place, key_of(*table.schema, table.key_columns), frozen.removed));
    LT_RETURN_IF_ERROR(sections.write(SectionKind::kRows, place, table.schema, frozen.rows));
    ++place;
  }
  return sections.finish();
}

}  // namespace laketide::state
