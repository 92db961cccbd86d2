// One source of a run, and all of them together.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "execution/watermark.h"
#include "flow/decoder.h"
#include "flow/source.h"

namespace laketide {

/// By the name of the source.
using Schemas = std::map<std::string, Schema>;

/// A source of a pipeline made into objects: what it is read with, and by which rule its rows tell the time. Owned by its run. Caller
/// synchronises.
struct RunSource {
  std::string name;  // of its table in the query
  std::shared_ptr<Source> source;
  /// Makes the format for a schema that is known by now (text of flow/schema_text.h), or, for the empty text, as the document
  /// has it: declared, or to be inferred. Not set: the source yields rows of Source::row_schema.
  std::function<Result<std::shared_ptr<Format>>(const std::string& schema_text)> make_format;
  Schema row_schema;       // those, if they are known before anything is opened
  std::string schema_pin;  // key under which an inferred schema is pinned; empty: not pinned
  /// First offsets where neither ledger nor sink has progress; must answer for every partition in `bounds`.
  std::function<Result<Positions>(const PartitionBounds& bounds, const Wait& wait)> start;
  std::optional<EventTimeRule> event_time;
  int64_t epoch_records_max = INT64_MAX;
};

/// By which a source's records are decoded. Immutable.
struct SourceFormat {
  std::string schema_text;
  std::shared_ptr<Format> format;
};
/// By the name of the source; those that yield rows have none.
using SourceFormats = std::map<std::string, SourceFormat>;

/// The schema that can be told before anything is opened; null: it is to be inferred, or asked for.
Result<Schema> declared_schema(const RunSource& source);

/// All sources of a run as one: each is asked for what bears its name. A record that bears no source's name is looked for by its topic. It
/// has no readers: a lane reads one source.
std::shared_ptr<Source> together(const std::vector<RunSource>& sources);
/// Of the pin that all sources of a run have together, that of one of them. Fails `kInternal` for what is no such pin.
Result<std::string> pin_of(const std::string& together, const std::string& source, size_t sources);

/// What of `all` belongs to the source.
template <typename Places>
Places of_source(const Places& all, const std::string& source) {
  Places own;
  for (const auto& one : all) {
    if (one.first.source == source) own.insert(one);
  }
  return own;
}

}  // namespace laketide
