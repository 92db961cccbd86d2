// The column _lt_place of staged rows: where a row came from, and whether it is a delete, as bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace laketide::postgres {

/// Where a staged row came from, and whether it is a delete. Partition or offset -1: not known. Immutable.
struct StagedPlace {
  std::string_view topic;  // empty where all rows have the same
  int32_t partition = -1;
  int64_t offset = -1;
  int64_t sequence = 0;  // no two rows of an epoch have the same
  bool deletes = false;  // the row with its key (flow/change.h)

  bool is_known() const { return partition >= 0 && offset >= 0; }
};

/// Bytewise order is that of rows: those without a place first, by sequence; the others by topic, partition, offset, sequence.
///   known    01, topic, 00, partition (4 bytes), offset (8), sequence (8), delete (1), big endian
///   not      00, sequence (8), delete (1)
/// A delete has no column of its own, as an upsert without any would not want it, and a table that has columns which a statement does not want is
/// read by a projection: 2,000 of the server's 34,000 instructions a row.
inline size_t place_bytes(const StagedPlace& place) { return place.is_known() ? place.topic.size() + 23 : 10; }
char* put_place(const StagedPlace& place, char* out);
/// In SQL: the row of column `place` has none.
inline std::string is_unplaced(const std::string& place) { return place + " < '\\x01'"; }
/// In SQL: the row of column `place` is a delete.
inline std::string is_delete(const std::string& place) {
  return "pg_catalog.get_byte(" + place + ", pg_catalog.octet_length(" + place + ") - 1) = 1";
}
/// From hexadecimal digits, two a byte; `bytes` keeps what the topic is seen in. Not known: digits that `put_place` does not make.
StagedPlace place_of(std::string_view digits, std::string& bytes);

}  // namespace laketide::postgres
