#include "execution/run_source.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace laketide {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// Thread-safe.
class Together final : public Source {
 public:
  explicit Together(std::map<std::string, std::shared_ptr<Source>> sources) : sources_(std::move(sources)) {}

  Result<PartitionBounds> bounds(const Wait& wait) override {
    PartitionBounds all;
    for (const auto& [name, source] : sources_) {
      LT_ASSIGN_OR_RETURN(const PartitionBounds some, source->bounds(wait));
      all.insert(some.begin(), some.end());
    }
    return all;
  }

  Result<Positions> at_time(Instant time, const Wait& wait) override {
    Positions all;
    for (const auto& [name, source] : sources_) {
      LT_ASSIGN_OR_RETURN(const Positions some, source->at_time(time, wait));
      all.insert(some.begin(), some.end());
    }
    return all;
  }

  Result<std::unique_ptr<Reader>> open(Context&) override {
    return Status::internal("source_of_many", "a lane was to read several sources at once");
  }

  /// An object with a member for each source that has one.
  SourceSnapshot snapshot() const override {
    Json pins = Json::object(), shown = Json::object();
    for (const auto& [name, source] : sources_) {
      const SourceSnapshot own = source->snapshot();
      if (!own.pin.empty()) pins[name] = Json::parse(own.pin, nullptr, false);
      if (!own.shown.empty()) shown[name] = Json::parse(own.shown, nullptr, false);
    }
    return {pins.empty() ? "" : text_of(pins), shown.empty() ? "" : text_of(shown)};
  }

  bool grows() const override {
    return std::ranges::all_of(sources_, [](const auto& one) { return one.second->grows(); });
  }

  Status mirror(const Positions& committed, const Wait& wait) override {
    for (const auto& [name, source] : sources_) LT_RETURN_IF_ERROR(source->mirror(of_source(committed, name), wait));
    return {};
  }

  Result<std::optional<Reject>> fetch(const SourcePartition& partition, RecordOffset offset, const Wait& wait) override {
    const auto named = sources_.find(partition.source);
    if (named != sources_.end()) return named->second->fetch(partition, offset, wait);
    LT_ASSIGN_OR_RETURN(const PartitionBounds all, bounds(wait));
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) {
      return one.first.topic == partition.topic && one.first.partition == partition.partition;
    });
    if (found == all.end()) return std::optional<Reject>();
    return sources_.at(found->first.source)->fetch(found->first, offset, wait);
  }

 private:
  const std::map<std::string, std::shared_ptr<Source>> sources_;
};

}  // namespace

Result<Schema> declared_schema(const RunSource& source) {
  if (!source.make_format) return source.row_schema;
  LT_ASSIGN_OR_RETURN(const auto format, source.make_format(""));
  return format->schema();
}

std::shared_ptr<Source> together(const std::vector<RunSource>& sources) {
  if (sources.size() == 1) return sources.front().source;
  std::map<std::string, std::shared_ptr<Source>> by_name;
  for (const RunSource& one : sources) by_name[one.name] = one.source;
  return std::make_shared<Together>(std::move(by_name));
}

Result<std::string> pin_of(const std::string& together, const std::string& source, size_t sources) {
  if (sources == 1 || together.empty()) return together;
  const Json pins = Json::parse(together, nullptr, false);
  if (!pins.is_object()) return Status::internal("bad_pin", "what the sources of a job are to be read at cannot be read itself: " + together);
  const auto own = pins.find(source);
  return own == pins.end() ? std::string() : text_of(*own);
}

}  // namespace laketide
