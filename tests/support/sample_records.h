// Kafka records made by hand, for tests of whatever takes Records.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "flow/records.h"

namespace laketide {

/// Owns records and shows them as a reader would. Confined to its task.
class SampleRecords {
 public:
  using Headers = std::vector<std::pair<std::string, std::optional<std::string>>>;

  explicit SampleRecords(std::string source = "events", std::string topic = "events")
      : source_(std::move(source)), topics_{std::move(topic)} {}

  /// Adds a record of partition 0 with the next offset; its time is a second per offset.
  SampleRecords& add(std::optional<std::string> value, std::optional<std::string> key = std::nullopt, Headers headers = {}) {
    const Owned& owned = owned_.emplace_back(Owned{std::move(value), std::move(key), std::move(headers)});
    RecordView view;
    if (owned.key) view.key = owned.key->data();
    if (owned.value) view.value = owned.value->data();
    view.key_size = owned.key ? static_cast<uint32_t>(owned.key->size()) : 0;
    view.value_size = owned.value ? static_cast<uint32_t>(owned.value->size()) : 0;
    view.offset = RecordOffset(static_cast<int64_t>(views_.size()));
    view.timestamp_ms = view.offset.value * 1000;
    view.handle = &owned;
    views_.push_back(view);
    return *this;
  }
  RecordView& last() { return views_.back(); }

  Records records() const {
    Records all;
    all.source = source_;
    all.topics = topics_;
    all.rows = views_;
    all.headers = [](const RecordView& record) {
      std::vector<HeaderView> headers;
      for (const auto& [name, value] : static_cast<const Owned*>(record.handle)->headers) {
        headers.push_back({name, value ? std::string_view(*value) : std::string_view(), !value.has_value()});
      }
      return headers;
    };
    return all;
  }

 private:
  struct Owned {
    std::optional<std::string> value, key;
    Headers headers;
  };
  std::string source_;
  std::vector<std::string> topics_;
  std::deque<Owned> owned_;
  std::vector<RecordView> views_;
};

}  // namespace laketide
