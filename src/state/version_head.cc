#include "state/version_head.h"

#include <utility>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/type.h>

#include "state/arrow_status.h"
#include "state/checksum.h"
#include "state/packed.h"

namespace laketide::state {

namespace {

constexpr std::string_view kMagic("LTSTATE\n", 8);
constexpr int64_t kHeadBytesMax = 64 << 20;

}  // namespace

std::shared_ptr<arrow::Schema> key_of(const arrow::Schema& schema, int key_columns) {
  const auto& fields = schema.fields();
  return arrow::schema(arrow::FieldVector(fields.begin(), fields.begin() + key_columns));
}

Status corrupt(std::string what) {
  return Status::user("state_corrupt", "state on disk is damaged, put its directory back from a backup or reset the pipeline: " +
                                         std::move(what));
}

Result<std::string> encode_prelude_and_head(const VersionHead& head) {
  std::string body;
  pack(body, head.epoch);
  pack(body, static_cast<uint8_t>(head.whole));
  pack(body, head.previous);
  pack(body, head.previous_checksum);
  pack_text(body, head.shape);
  pack(body, static_cast<uint32_t>(head.tables.size()));
  for (const TableHead& table : head.tables) {
    pack_text(body, table.name);
    pack(body, static_cast<uint32_t>(table.key_columns));
    auto schema = arrow::ipc::SerializeSchema(*table.schema);
    if (!schema.ok()) return from_arrow(schema.status(), "write the columns of state");
    pack_text(body, std::string_view(**schema));
  }
  std::string bytes(kMagic);
  pack(bytes, kFormatVersion);
  pack(bytes, static_cast<uint32_t>(body.size()));
  pack(bytes, checksum_of(bytes));
  return bytes + body;
}

Result<int64_t> decode_prelude(std::string_view bytes) {
  if (bytes.size() < kPreludeBytes) return corrupt("the file is cut short");
  if (!bytes.starts_with(kMagic)) return corrupt("the file does not begin as state does");
  Unpacker rest(bytes.substr(kMagic.size()));
  const auto version = rest.take<int32_t>();
  const auto head_bytes = rest.take<uint32_t>();
  // Before the version: a flipped bit must not be taken for a file of another release.
  if (rest.take<uint64_t>() != checksum_of(bytes.substr(0, kPreludeBytes - 8))) return corrupt("its first bytes do not have their checksum");
  if (version != kFormatVersion) {
    return Status::user("state_version", "state on disk was written in another format, start the release that wrote it or reset the "
                        "pipeline: this release reads format " + std::to_string(kFormatVersion) + ", found " + std::to_string(version));
  }
  if (head_bytes > kHeadBytesMax) return corrupt("its head is too large");
  return int64_t{head_bytes};
}

Result<VersionHead> decode_head(std::string_view bytes) {
  Unpacker rest(bytes);
  VersionHead head;
  head.epoch = rest.take<int64_t>();
  head.whole = rest.take<uint8_t>() != 0;
  head.previous = rest.take<int64_t>();
  head.previous_checksum = rest.take<uint64_t>();
  head.shape = rest.take_text();
  const auto tables = rest.take<uint32_t>();
  for (uint32_t i = 0; i < tables && !rest.failed(); ++i) {
    TableHead table;
    table.name = rest.take_text();
    table.key_columns = static_cast<int>(rest.take<uint32_t>());
    const std::string_view encoded = rest.take_text();
    if (rest.failed()) break;
    arrow::io::BufferReader input(std::make_shared<arrow::Buffer>(encoded));
    arrow::ipc::DictionaryMemo memo;
    auto schema = arrow::ipc::ReadSchema(&input, &memo);
    if (!schema.ok()) return corrupt("the columns of a table cannot be read: " + schema.status().ToString());
    table.schema = *std::move(schema);
    if (table.key_columns < 0 || table.key_columns > table.schema->num_fields()) return corrupt("a table has more columns in its key than it has");
    head.tables.push_back(std::move(table));
  }
  if (!rest.complete()) return corrupt("its head has another size than it says");
  return head;
}

}  // namespace laketide::state
