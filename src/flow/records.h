// A run of Kafka records as a reader hands them on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace laketide {

/// A header of a record; bytes as the broker has them. Valid as long as its record. Immutable.
struct HeaderView {
  std::string_view name;
  std::string_view value;
  bool value_is_null = false;
};

/// One record; it owns nothing. `key` and `value` are null for Kafka's null (a null value is a tombstone). Immutable.
struct RecordView {
  const char* key = nullptr;
  const char* value = nullptr;
  uint32_t key_size = 0;
  uint32_t value_size = 0;
  RecordOffset offset;
  int64_t timestamp_ms = -1;  // -1: the broker has none
  int32_t partition = 0;
  uint16_t topic = 0;           // index into Records::topics
  int8_t timestamp_type = 0;    // Kafka's: 0 create time, 1 log append time, -1 none
  const void* handle = nullptr; // for Records::headers

  std::string_view value_view() const { return {value, value_size}; }
  std::string_view key_view() const { return {key, key_size}; }
};

/// Records of one poll, in offset order within each partition. Everything in it is valid until the next poll of its
/// reader. Confined to its task.
struct Records {
  std::string_view source;                 // the source's key in the pipeline
  std::span<const std::string> topics;     // RecordView::topic points in here
  std::span<const RecordView> rows;
  /// Bytes readable behind every value without a fault (simdjson wants 64 to parse in place); 0 if not known.
  uint32_t padding = 0;
  /// Reads the headers of one record; called on rare paths only (rejects, `_headers`).
  std::vector<HeaderView> (*headers)(const RecordView&) = nullptr;
};

}  // namespace laketide
