// The head of a state file: what version it is, what it builds on, and whose state it holds.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "laketide/status.h"

namespace laketide::state {

struct TableHead {
  std::string name;
  int key_columns = 0;
  std::shared_ptr<arrow::Schema> schema;
};

/// What stands before the rows (README: format).
struct VersionHead {
  int64_t epoch = 0;
  bool whole = false;             // a snapshot, which builds on nothing
  int64_t previous = -1;          // else: the version it builds on, …
  uint64_t previous_checksum = 0;  // … and that file's checksum, so that no other of the same epoch is taken for it
  std::string shape;
  std::vector<TableHead> tables;  // by name
};

/// The key columns alone.
std::shared_ptr<arrow::Schema> key_of(const arrow::Schema& schema, int key_columns);

constexpr int32_t kFormatVersion = 1;
// The first bytes of every format version: magic, version, size of the head, checksum of these.
constexpr int64_t kPreludeBytes = 24;

Result<std::string> encode_prelude_and_head(const VersionHead& head);
/// The head's size, without its checksum. Fails `state_corrupt`, `state_version`, both without the file's name.
Result<int64_t> decode_prelude(std::string_view bytes);
/// `bytes` are the head alone; the checksum was looked at before.
Result<VersionHead> decode_head(std::string_view bytes);

/// `kUser` `state_corrupt`: what is wrong, without the file's name.
Status corrupt(std::string what);

}  // namespace laketide::state
