#include "state/table_files.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "state/arrow_status.h"
#include "state/checksum.h"
#include "state/packed.h"

namespace laketide::state {
namespace {

constexpr std::string_view kTableMagic = "LTTABLE\n";
constexpr std::string_view kEnding = ".table";
constexpr size_t kHeadBytes = 16;
constexpr size_t kDigits = 19;

arrow::Result<std::shared_ptr<arrow::Buffer>> ipc_of(const std::shared_ptr<arrow::Schema>& schema, const std::vector<std::shared_ptr<arrow::RecordBatch>>& rows) {
  ARROW_ASSIGN_OR_RAISE(const auto out, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(const auto writer, arrow::ipc::MakeStreamWriter(out, schema));
  for (const auto& batch : rows) ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
  ARROW_RETURN_NOT_OK(writer->Close());
  return out->Finish();
}

// The rows are copied into `memory`, so that the file's bytes need not stay.
arrow::Result<SavedContent> content_of(std::string_view bytes, arrow::MemoryPool* memory) {
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = memory;
  options.use_threads = false;
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(static_cast<int64_t>(bytes.size()), memory));
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(buffer->mutable_data()));
  const auto in = std::make_shared<arrow::io::BufferReader>(std::shared_ptr<arrow::Buffer>(std::move(buffer)));
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::ipc::RecordBatchStreamReader::Open(in, options));
  SavedContent content;
  content.schema = reader->schema();
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    if (!batch) return content;
    content.rows.push_back(std::move(batch));
  }
}

}  // namespace

std::string TableFiles::path_of(int64_t version) const {
  std::string digits = std::to_string(version);
  digits.insert(0, kDigits - std::min(kDigits, digits.size()), '0');
  return storage::join(directory_, digits + std::string(kEnding));
}

Result<std::string> TableFiles::packed(const std::shared_ptr<arrow::Schema>& schema, const std::vector<std::shared_ptr<arrow::RecordBatch>>& rows, uint64_t& checksum) {
  const auto body = ipc_of(schema, rows);
  if (!body.ok()) return from_arrow(body.status(), "pack a static table");
  const std::string_view bytes(reinterpret_cast<const char*>((*body)->data()), static_cast<size_t>((*body)->size()));
  checksum = checksum_of(bytes);
  std::string out(kTableMagic);
  pack(out, checksum);
  out.append(bytes);
  return out;
}

Status TableFiles::write(int64_t version, const std::string& packed) { return store_->put(path_of(version), packed); }

Result<std::optional<SavedContent>> TableFiles::read(int64_t version, arrow::MemoryPool* memory) const {
  LT_ASSIGN_OR_RETURN(const auto bytes, store_->get(path_of(version)));
  if (!bytes) return std::optional<SavedContent>();
  const Status corrupt = Status::user("state_corrupt", "a saved static table is damaged; put a whole copy back, or reset the pipeline: " + path_of(version));
  if (bytes->size() < kHeadBytes || !std::string_view(*bytes).starts_with(kTableMagic)) return corrupt;
  const std::string_view body = std::string_view(*bytes).substr(kHeadBytes);
  const uint64_t checksum = Unpacker(std::string_view(*bytes).substr(kTableMagic.size(), kHeadBytes - kTableMagic.size())).take<uint64_t>();
  if (checksum_of(body) != checksum) return corrupt;
  auto content = content_of(body, memory);
  if (!content.ok()) return from_arrow(content.status(), "read a saved static table");
  content->checksum = checksum;
  return std::optional(std::move(content).ValueUnsafe());
}

Result<std::vector<int64_t>> TableFiles::versions() const {
  LT_ASSIGN_OR_RETURN(const auto entries, store_->list(directory_));
  std::vector<int64_t> versions;
  for (const auto& entry : entries) {
    int64_t version = 0;
    const std::string& name = entry.name;
    if (name.size() != kDigits + kEnding.size() || !name.ends_with(kEnding)) continue;
    const auto [end, error] = std::from_chars(name.data(), name.data() + kDigits, version);
    if (error == std::errc() && end == name.data() + kDigits) versions.push_back(version);
  }
  return versions;
}

Status TableFiles::forget_below(int64_t version) {
  LT_ASSIGN_OR_RETURN(const auto all, versions());
  for (const int64_t one : all) {
    if (one < version) LT_RETURN_IF_ERROR(store_->remove(path_of(one)));
  }
  return {};
}

}  // namespace laketide::state
