// A document's sources as its queries see them.
#pragma once

#include <string>
#include <vector>

#include "config/pipeline_spec.h"
#include "sql/query.h"

namespace laketide {

/// Of Kafka, or what stands for a topic in places of rows: `delta:<path>`, `files:<path>`. None: its rows are made.
std::vector<std::string> topics_of(const config::SourceSpec& source);

/// Without their schemas.
std::vector<sql::SourceTable> source_tables(const config::PipelineSpec& pipeline);

/// What FROM can name: the sources, and "source" where there is one.
std::vector<std::string> table_names(const config::PipelineSpec& pipeline);

}  // namespace laketide
