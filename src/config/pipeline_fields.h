// The pipeline document's tables of fields.
#pragma once

#include <string>
#include <vector>

#include "config/reader.h"

namespace laketide::config {

// The structs must outlive the fields that set them.

/// `sources:`, a mapping of names, and `source:`, one source that its topic names.
Field sources_field(std::vector<SourceSpec>& into);
Field source_field(std::vector<SourceSpec>& into);

/// `sinks:`, a list of mappings of one kind each.
Field sinks_field(std::vector<SinkSpec>& into);
/// An upsert has a key, or a query in update mode that gives one.
void check_keys(Reader& reader, const Node& root, const PipelineSpec& spec);

/// append, and a clear refusal of the modes that this version does not have.
Field output_mode_field(std::string& into);

/// Kafka's rule for topics, ours for pipelines too, because an implicit pipeline is named as its topic: letters, digits,
/// `.`, `_`, `-`, at most 249. A pipeline's name begins with a letter, a digit or `_`. "" if fine.
std::string check_topic(const std::string& name);
std::string check_pipeline_name(const std::string& name);

}  // namespace laketide::config
