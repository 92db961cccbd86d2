// One record's text to a row, for one schema.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "plain_row.h"
#include "row.h"

namespace straight {

/// One record's text to a Row, in place: in one pass where it is plain, else by the parser. Confined to its task.
class RowReader {
 public:
  bool read(const char* text, size_t size, Row& row) {
    if (PlainRow(text = with_padding(text, size), size, time_).read(row)) return true;
    simdjson::ondemand::document document;
    simdjson::ondemand::object object;
    return open(text, size, document, object) && object["id"].get_int64().get(row.id) == simdjson::SUCCESS &&
           object["event_type"].get_string().get(row.event_type) == simdjson::SUCCESS && read_time(object, row) &&
           object["value"].get_double().get(row.value) == simdjson::SUCCESS &&
           object["source"].get_string().get(row.source) == simdjson::SUCCESS &&
           object["user_id"].get_int64().get(row.user_id) == simdjson::SUCCESS;
  }

 private:
  bool open(const char* text, size_t size, simdjson::ondemand::document& document, simdjson::ondemand::object& object) {
    return parser_.iterate(text, size, size + simdjson::SIMDJSON_PADDING).get(document) == simdjson::SUCCESS &&
           document.get_object().get(object) == simdjson::SUCCESS;
  }
  bool read_time(simdjson::ondemand::object& object, Row& row) {
    std::string_view text;
    return object["ts"].get_string().get(text) == simdjson::SUCCESS && time_.read(text, row.ts_micros);
  }
  /// simdjson reads up to SIMDJSON_PADDING bytes behind the text. That is safe in place unless the text ends that close to the end of
  /// its page: whatever stands there is ours to read, as a page is mapped as a whole.
  const char* with_padding(const char* text, size_t size) {
    constexpr size_t kPage = 4096;
    if ((reinterpret_cast<uintptr_t>(text + size) & (kPage - 1)) <= kPage - simdjson::SIMDJSON_PADDING) return text;
    if (copy_.size() < size + simdjson::SIMDJSON_PADDING) copy_.resize(2 * size + simdjson::SIMDJSON_PADDING);
    std::memcpy(copy_.data(), text, size);
    return copy_.data();
  }

  simdjson::ondemand::parser parser_;
  TimeReader time_;
  std::vector<char> copy_;
};

}  // namespace straight
