// The parts of a state file behind its head.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "state/checksum.h"
#include "state/packed.h"

namespace laketide::state {

enum class SectionKind : uint32_t { kRows = 1, kRemoved = 2, kEnd = 3 };

/// What stands before the bytes of a section. The end's section is empty, and its `table` the number of sections before it.
struct SectionHead {
  SectionKind kind = SectionKind::kEnd;
  uint32_t table = 0;  // place in VersionHead::tables
  uint64_t bytes = 0;
  uint64_t checksum = 0;  // of those bytes
};

// Kind, table, bytes, checksum of the bytes; checksum of all these, with the file's checksum so far as its seed.
constexpr int64_t kSectionHeadBytes = 32;

/// Adds the section to `file_checksum`: so sections cannot change places, and a head is believed before its bytes are read.
inline std::string encode_section_head(const SectionHead& head, uint64_t& file_checksum) {
  std::string out;
  pack(out, static_cast<uint32_t>(head.kind));
  pack(out, head.table);
  pack(out, head.bytes);
  pack(out, head.checksum);
  file_checksum = checksum_of(out, file_checksum);
  pack(out, file_checksum);
  return out;
}

/// False: it is damaged. `bytes` has kSectionHeadBytes.
inline bool decode_section_head(std::string_view bytes, SectionHead& head, uint64_t& file_checksum) {
  Unpacker rest(bytes);
  head.kind = static_cast<SectionKind>(rest.take<uint32_t>());
  head.table = rest.take<uint32_t>();
  head.bytes = rest.take<uint64_t>();
  head.checksum = rest.take<uint64_t>();
  file_checksum = checksum_of(bytes.substr(0, kSectionHeadBytes - 8), file_checksum);
  return rest.take<uint64_t>() == file_checksum;
}

}  // namespace laketide::state
