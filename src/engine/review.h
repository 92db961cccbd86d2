// Everything that is wrong with a pipeline beyond its form, and what it would do.
#pragma once

#include <string>
#include <vector>

#include "config/pipeline_spec.h"
#include "config/service_config.h"

namespace laketide {

/// Something that is wrong. Immutable.
struct Complaint {
  std::string field;   // dotted path in the document: "sql", "sinks[0].select", "sources.events.format.json.schema"
  int line = 0;        // within the field's text, from 1; 0: the whole field
  int column = 0;
  std::string detail;  // what, and what to write instead
};

/// Immutable.
struct Review {
  std::vector<Complaint> complaints;
  /// For each sink the steps that its rows go through, one a line; empty where no schema is declared, so that nobody knows yet.
  std::vector<std::string> steps;
};

/// Reads the schemas, parses every query, binds them where the schema is declared, and looks for the columns that sinks name. Settings
/// of the Kafka client are not looked at: kafka::check_settings. Touches neither Kafka nor a sink nor the state directory.
Review review_pipeline(const config::PipelineSpec& pipeline, const config::ServiceConfig& service);

}  // namespace laketide
