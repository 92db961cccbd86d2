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

/// What stands under `kafka:`, `rate:`, `delta:`, `files:` and `format: { json: … }` of a source.
std::vector<Field> kafka_source_fields(KafkaSourceSpec& kafka);
std::vector<Field> rate_source_fields(RateSourceSpec& rate);
std::vector<Field> delta_source_fields(DeltaSourceSpec& delta);
std::vector<Field> files_source_fields(FilesSourceSpec& files, FormatSpec& format);
std::vector<Field> json_format_fields(FormatSpec& format);

/// Reads what stands under `delta:` and `files:`, and says what is missing there.
std::string read_delta_source(Reader& reader, const Node& node, const std::string& path, DeltaSourceSpec& delta);
std::string read_files_source(Reader& reader, const Node& node, const std::string& path, FilesSourceSpec& files, FormatSpec& format);
/// The name in SQL of the one source that a document has: the last part of the path without its ending; `input` for a pattern.
std::string table_name_of(const std::string& path);

/// Table folders lie below the lake root; only a file's author may name one elsewhere. "" if fine.
std::string check_lake_path(const std::string& path, bool is_file);

/// What stands under a sink's kind.
std::vector<Field> delta_fields(SinkSpec& sink);
std::vector<Field> postgres_fields(SinkSpec& sink);
std::vector<Field> console_fields(SinkSpec& sink);
/// Under `late_rows: { delta: … }`.
std::vector<Field> late_rows_fields(SinkSpec& sink);

/// `tables:`, a mapping of names to static tables of one kind each, and what stands under a kind.
Field tables_field(std::vector<TableSpec>& into);
std::vector<Field> table_fields(TableSpec& table);
std::vector<Field> postgres_table_fields(TableSpec& table);
/// No table is named as a source is.
void check_table_names(Reader& reader, const Node& root, const PipelineSpec& spec);

/// schema.table of PostgreSQL. "" if fine.
std::string check_table(const std::string& table);

/// The whole document's table, and that of its trigger.
std::vector<Field> pipeline_fields(PipelineSpec& spec);
std::vector<Field> trigger_fields(TriggerSpec& trigger);

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
