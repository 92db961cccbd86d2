#include <utility>

#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>

#include "state/state_store.h"

namespace laketide::state {

namespace {

int64_t bytes_of(const std::vector<Rows>& batches) {
  int64_t bytes = 0;
  for (const Rows& batch : batches) {
    // The part that is referred to, because batches may be slices of one copy.
    const auto size = arrow::util::ReferencedBufferSize(*batch);
    bytes += size.ok() ? *size : arrow::util::TotalBufferSize(*batch);
  }
  return bytes;
}

}  // namespace

void StateTables::declare(std::string name, SavedTable* table) { tables_.insert_or_assign(std::move(name), table); }

int64_t StateTables::rows() const {
  int64_t rows = 0;
  for (const auto& [name, table] : tables_) rows += table->rows();
  return rows;
}

int64_t StateTables::bytes() const {
  int64_t bytes = 0;
  for (const auto& [name, table] : tables_) bytes += table->bytes();
  return bytes;
}

int64_t FrozenState::bytes() const {
  int64_t bytes = 0;
  for (const auto& [name, table] : tables) bytes += bytes_of(table.rows) + bytes_of(table.removed);
  return bytes;
}

}  // namespace laketide::state
