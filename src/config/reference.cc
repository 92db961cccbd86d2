#include "config/reference.h"

#include <sstream>

#include "config/pipeline_fields.h"
#include "config/service_fields.h"

namespace laketide::config {
namespace {

constexpr const char* kHead =
    "# Configuration reference\n\n"
    "Made by `laketide config-reference` from the tables that read the files: do not edit. Keys that are left out, or null, have their\n"
    "default. Durations are `500ms`, `30s`, `10 seconds` (a bare number: milliseconds), sizes `64KiB` (1024) or `64KB` (1000). Unknown keys\n"
    "are refused with file:line:column and the nearest name; `laketide check FILE` shows all that is wrong without starting anything.\n";

constexpr const char* kServiceHead =
    "\n## Service file\n\n"
    "`conf/laketide.yaml`, else `/etc/laketide/laketide.yaml`. `${NAME}`, `${NAME:-default}` and `${file:/path}` expand. Overrides: in the\n"
    "environment `LAKETIDE_SERVER__LISTEN=…`, on the command line `--set server.listen=…`.\n";

constexpr const char* kPipelineHead =
    "\n## Pipeline document\n\n"
    "A YAML file, or the same as JSON over HTTP; there without variables, absolute paths and files of the client library.\n";

std::string escaped(const std::string& text, std::string_view what) {
  std::string out;
  for (const char c : text) out += what.find(c) == std::string_view::npos ? std::string(1, c) : std::string("\\") + c;
  return out;
}

/// A cell of a table: neither its end nor HTML.
std::string cell(const std::string& text) { return escaped(text, "|<*"); }
std::string code(const std::string& text) { return text.empty() ? "" : "`" + escaped(text, "|") + "`"; }

void add_table(const std::string& title, const std::vector<Field>& fields, std::ostream& out) {
  out << "\n### " << title << "\n\n| Key | Type | Default | Also | Meaning |\n|---|---|---|---|---|\n";
  for (const Field& field : fields) {
    if (!field.refused.empty()) continue;
    std::string aliases;
    for (const std::string_view alias : field.aliases) aliases += (aliases.empty() ? "" : ", ") + code(std::string(alias));
    const std::string type = field.type.empty() ? "section" : field.type;
    out << "| " << code(field.name) << " | " << cell(type) << " | " << code(field.standard) << " | " << aliases << " | " << cell(field.doc) << " |\n";
  }
}

/// A table of what is no section itself, and one of each section.
void add_sections(const std::string& path, const std::vector<Field>& fields, std::ostream& out) {
  for (const Field& field : fields) {
    if (field.members.empty()) continue;
    add_table("`" + path_of(path, field.name) + "`", field.members, out);
    add_sections(path_of(path, field.name), field.members, out);
  }
}

}  // namespace

std::string reference() {
  std::ostringstream out;
  ServiceConfig service;
  const std::vector<Field> service_keys = service_fields(service);
  out << kHead << kServiceHead;
  add_table("The sections", service_keys, out);
  add_sections("", service_keys, out);
  PoolConfig pool;
  add_table("`pools.<name>`", pool_fields(pool), out);

  PipelineSpec pipeline;
  const std::vector<Field> pipeline_keys = pipeline_fields(pipeline);
  out << kPipelineHead;
  add_table("The document", pipeline_keys, out);
  add_sections("", pipeline_keys, out);
  TriggerSpec trigger;
  add_table("`trigger`", trigger_fields(trigger), out);
  KafkaSourceSpec kafka;
  RateSourceSpec rate;
  DeltaSourceSpec delta_source;
  FilesSourceSpec files;
  FormatSpec format;
  add_table("`sources.<name>.kafka`", kafka_source_fields(kafka), out);
  add_table("`sources.<name>.rate`", rate_source_fields(rate), out);
  add_table("`sources.<name>.delta`", delta_source_fields(delta_source), out);
  add_table("`sources.<name>.files`", files_source_fields(files, format), out);
  add_table("`sources.<name>.format.json`", json_format_fields(format), out);
  TableSpec table;
  add_table("`tables.<name>`", table_fields(table), out);
  add_table("`tables.<name>.postgres`", postgres_table_fields(table), out);
  add_table("`tables.<name>.delta`", delta_source_fields(table.delta), out);
  add_table("`tables.<name>.files`", files_source_fields(table.files, table.format), out);
  SinkSpec delta, postgres, console;
  add_table("`sinks[].delta`", delta_fields(delta), out);
  add_table("`sinks[].postgres`", postgres_fields(postgres), out);
  add_table("`sinks[].console`", console_fields(console), out);
  return out.str();
}

}  // namespace laketide::config
