// A document's sources as its queries see them.
#pragma once

#include <string>
#include <vector>

#include "config/pipeline_spec.h"
#include "sql/query.h"

namespace laketide {

/// Of Kafka, or what stands for a topic in places of rows: `delta:<path>`, `files:<path>`. None: its rows are made.
std::vector<std::string> topics_of(const config::SourceSpec& source);

/// The topic of every row; empty: rows of several can meet, as behind a pattern, and each says which is its own.
std::string only_topic(const config::PipelineSpec& pipeline);

/// The sources over this topic; the first one if no document names it, as behind a pattern.
std::vector<std::string> sources_over(const config::PipelineSpec& pipeline, const std::string& topic);

/// Without their schemas.
std::vector<sql::SourceTable> source_tables(const config::PipelineSpec& pipeline);

/// Every row of the source, of the first where there are several: what a document without `sql` says.
sql::Query all_rows(const config::PipelineSpec& pipeline);

/// What FROM can name: the sources, "source" where there is one, and the static tables.
std::vector<std::string> table_names(const config::PipelineSpec& pipeline);

}  // namespace laketide
