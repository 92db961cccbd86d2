// A file of state: restored, or refused by name. Read twice, the second time with its head's checksums made right, so that what stands behind
// them is looked at too.
#include <cstring>
#include <memory>
#include <string>

#include "fuzz/target.h"
#include "state/checksum.h"
#include "state/map_table.h"
#include "state/packed.h"
#include "state/state_store.h"
#include "state/version_head.h"
#include "support/forgetful_store.h"

namespace laketide::fuzz {
namespace {

constexpr const char* kPath = "p/0000000000000000001.state";

void restore(const std::string& bytes) {
  const std::shared_ptr<storage::Store> store = make_forgetful_store();
  must(store->put(kPath, bytes).ok(), "the store refused");
  state::MapTable table;
  state::StateTables tables;
  tables.declare("counts", &table);
  const auto opened = state::StateStore::open("p", "counts by k", store);
  if (!opened.ok()) return must_be_refusal(opened.status());
  const auto version = (*opened)->restore(1, tables, Wait{});
  if (!version.ok()) must_be_refusal(version.status());
}

/// The bytes with the checksums of prelude and head as they ought to be.
std::string mended(std::string bytes) {
  constexpr size_t kPrelude = static_cast<size_t>(state::kPreludeBytes), kChecksum = sizeof(uint64_t);
  if (bytes.size() < kPrelude) return bytes;
  const uint64_t prelude = state::checksum_of(bytes.substr(0, kPrelude - kChecksum));
  std::memcpy(bytes.data() + kPrelude - kChecksum, &prelude, kChecksum);
  const auto size = state::decode_prelude(std::string_view(bytes).substr(0, kPrelude));
  if (!size.ok() || kPrelude + static_cast<size_t>(*size) + kChecksum > bytes.size()) return bytes;
  const size_t end = kPrelude + static_cast<size_t>(*size);
  const uint64_t head = state::checksum_of(bytes.substr(0, end));
  std::memcpy(bytes.data() + end, &head, kChecksum);
  return bytes;
}

}  // namespace

void read_bytes(std::string_view bytes) {
  restore(std::string(bytes));
  restore(mended(std::string(bytes)));
}

}  // namespace laketide::fuzz
