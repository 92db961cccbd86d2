// The column _lt_place of staged rows: where a row came from, as bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace laketide::postgres {

/// Partition or offset -1: not known. Immutable.
struct StagedPlace {
  std::string_view topic;  // empty where all rows have the same
  int32_t partition = -1;
  int64_t offset = -1;
  int64_t sequence = 0;  // no two rows of an epoch have the same

  bool is_known() const { return partition >= 0 && offset >= 0; }
};

/// Bytewise order is that of rows: those without a place first, by sequence; the others by topic, partition, offset, sequence.
///   known    01, topic, 00, partition (4 bytes), offset (8), sequence (8), big endian
///   not      00, sequence (8)
inline size_t place_bytes(const StagedPlace& place) { return place.is_known() ? place.topic.size() + 22 : 9; }
char* put_place(const StagedPlace& place, char* out);
/// In SQL: the row of column `place` has none.
inline std::string is_unplaced(const std::string& place) { return place + " < '\\x01'"; }
/// From hexadecimal digits, two a byte; `bytes` keeps what the topic is seen in. Not known: digits that `put_place` does not make.
StagedPlace place_of(std::string_view digits, std::string& bytes);

}  // namespace laketide::postgres
