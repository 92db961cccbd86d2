#include <algorithm>
#include <chrono>
#include <memory>
#include <set>

#include "config/client_settings.h"
#include "config/field.h"
#include "config/pipeline_fields.h"

namespace laketide::config {
namespace {

constexpr std::string_view kSinkExample = "- delta: { path: averages }";
constexpr size_t kIdLengthMax = 200;
constexpr size_t kIdentifierLengthMax = 63;  // PostgreSQL's

std::string check_id(const std::string& id) {
  return id.size() <= kIdLengthMax ? "" : "a sink's id has at most 200 letters";
}

Field path_field(std::string& into) {
  return with_type({"path", "folder below the lake root", [&into](Reader& reader, const Node& node, const std::string& path) {
            const bool is_file = reader.is_file();
            const auto check = [is_file](const std::string& text) { return check_lake_path(text, is_file); };
            return text_field("path", into, "", check).read(reader, node, path);
          }}, "text");
}

/// append, upsert (also called merge), overwrite.
Field mode_field(std::string& into) {
  return with_type({"mode", "how rows go in", [&into](Reader& reader, const Node& node, const std::string& path) {
            Node word = node;
            if (word.text == "merge") word.text = "upsert";
            return word_field("mode", into, {"append", "upsert", "overwrite"}, "").read(reader, word, path);
          }}, "one of append, upsert, overwrite", into);
}

/// What both tables have in common.
std::vector<Field> both_tables_fields(SinkSpec& sink) {
  return {mode_field(sink.mode), list_field("key", sink.key, "columns that make a row unique; default the query's own"),
          text_field("order_by", sink.order_by, "of two rows with one key the larger wins"),
          text_field("delete_when", sink.delete_when, "condition in SQL; where it holds the row with this key is deleted")};
}

std::vector<Field> with_more(std::vector<Field> fields, std::vector<Field> more) {
  for (Field& field : more) fields.push_back(std::move(field));
  return fields;
}

std::vector<Field> common_fields(SinkSpec& sink) {
  return {text_field("id", sink.id, "name of its progress; default <kind>:<table or path>", check_id),
          text_field("select", sink.select, "SQL over result or a source"), output_mode_field(sink.output_mode)};
}

std::vector<Field> with_common(std::vector<Field> fields, SinkSpec& sink) { return with_more(std::move(fields), common_fields(sink)); }

void check_upsert(Reader& reader, const Node& node, const std::string& path, const SinkSpec& sink) {
  if (sink.mode != "upsert" && !sink.key.empty()) reader.refuse(node.place, path, "a key is for mode: upsert; add the mode or remove the key");
  if (sink.mode != "upsert" && !sink.order_by.empty()) reader.refuse(node.place, path, "order_by is for mode: upsert; add the mode or remove it");
  if (sink.mode != "upsert" && !sink.delete_when.empty()) reader.refuse(node.place, path, "delete_when is for mode: upsert; add the mode or remove it");
}

std::string read_kind(Reader& reader, const Node& node, const std::string& path, SinkSpec& sink) {
  const size_t problems_before = reader.problem_count();
  const std::vector<Field> fields = sink.kind == "delta"      ? delta_fields(sink)
                                    : sink.kind == "postgres" ? postgres_fields(sink)
                                                              : console_fields(sink);
  const std::string canonical = reader.section(node, path, fields);
  if (reader.problem_count() != problems_before) return canonical;
  if (sink.kind == "delta" && sink.path.empty()) reader.refuse(node.place, path, "names no folder; add path: averages");
  if (sink.kind == "postgres" && sink.table.empty()) reader.refuse(node.place, path, "names no table; add table: public.averages");
  while (sink.path.size() > 1 && sink.path.ends_with('/')) sink.path.pop_back();
  check_upsert(reader, node, path, sink);
  return canonical;
}

Field kind_field(const char* kind, SinkSpec& sink) {
  return {kind, "", [kind, &sink](Reader& reader, const Node& node, const std::string& path) {
            sink.kind = kind;
            return read_kind(reader, node, path, sink);
          }};
}

/// `- delta: {…}`; `id`, `select` and `output_mode` may also stand beside the kind, and are moved inside.
std::string read_sink(Reader& reader, const Node& node, const std::string& path, SinkSpec& sink) {
  std::vector<Field> kinds = {kind_field("delta", sink), kind_field("postgres", sink), kind_field("console", sink)};
  const std::string later = "this version writes to delta, postgres and console; this sink comes in a later one";
  for (const char* kind : {"kafka", "redis", "parquet", "webhook"}) kinds.push_back(refused_field(kind, later));
  if (!reader.expect_mapping(node, path, "{ delta: { path: averages } }")) return {};
  Node entry = node;
  std::vector<Node::Member> beside;
  const auto is_beside = [](const Node::Member& member) {
    return member.key == "id" || member.key == "select" || member.key == "output_mode";
  };
  std::copy_if(entry.members.begin(), entry.members.end(), std::back_inserter(beside), is_beside);
  std::erase_if(entry.members, is_beside);
  if (entry.members.size() != 1) {
    reader.refuse(node.place, path, "an entry names one sink, such as " + std::string(kSinkExample));
    return {};
  }
  Node& inner = entry.members.front().value;
  if (inner.is_null()) inner.kind = Node::Kind::kMapping;
  for (Node::Member& member : beside) {
    if (inner.find(member.key) != nullptr) {
      reader.refuse(member.key_place, path_of(path, member.key), "stands both beside and inside the sink; keep one");
    } else if (inner.kind == Node::Kind::kMapping) {
      inner.members.push_back(std::move(member));
    }
  }
  return reader.section(entry, path, kinds);
}

void set_default_id(SinkSpec& sink) {
  if (!sink.id.empty()) return;
  const std::string& place = sink.kind == "delta" ? sink.path : sink.table;
  sink.id = place.empty() ? sink.kind : sink.kind + ":" + place;
}

std::string read_sinks(Reader& reader, const Node& node, const std::string& path, std::vector<SinkSpec>& into) {
  if (node.kind != Node::Kind::kSequence || node.items.empty()) {
    reader.refuse_value(node, path, "a list of sinks such as " + std::string(kSinkExample));
    return {};
  }
  std::vector<std::string> canonical;
  std::set<std::string> ids;
  for (size_t i = 0; i < node.items.size(); ++i) {
    const std::string sink_path = path + "[" + std::to_string(i) + "]";
    SinkSpec sink;
    canonical.push_back(read_sink(reader, node.items[i], sink_path, sink));
    set_default_id(sink);
    if (!sink.kind.empty() && !ids.insert(sink.id).second) {
      reader.refuse(node.items[i].place, sink_path + ".id", "another sink has this id; give one of them its own `id`: " + sink.id);
    }
    into.push_back(std::move(sink));
  }
  return json_array(canonical);
}

}  // namespace

std::string check_table(const std::string& table) {
  const size_t dot = table.find('.');
  const std::string_view name = std::string_view(table).substr(dot == std::string::npos ? 0 : dot + 1);
  const bool one_dot = name.find('.') == std::string_view::npos;
  const bool lengths = !name.empty() && name.size() <= kIdentifierLengthMax && dot != 0 && (dot == std::string::npos || dot <= kIdentifierLengthMax);
  return one_dot && lengths ? "" : "expected table or schema.table, each of at most 63 letters, such as public.averages";
}

std::vector<Field> late_rows_fields(SinkSpec& sink) {
  return {path_field(sink.path), list_field("partition_by", sink.partition_by, "columns that become folders"),
          word_field("compression", sink.compression, {"zstd", "snappy"}, "of the Parquet files"),
          size_field("target_file_bytes", sink.target_file_bytes, {1LL << 20, 4LL << 30}, "files are closed at about this size")};
}

std::string check_lake_path(const std::string& path, bool is_file) {
  if (path.find("://") != std::string::npos) return "only a directory of a local disk; object storage is not supported by this version";
  if (path.starts_with('/') && !is_file) return "a path over HTTP is relative to the lake root; absolute ones are for files on the server";
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = std::string_view(path).substr(begin, end - begin);
    if (part == "..") return "a path must not climb with \"..\"";
    if (part == "_delta_log") return "\"_delta_log\" is the log inside a table; name the table's folder";
    if (part == "_quarantine" && begin == 0) return "\"_quarantine\" holds the records that were refused; choose another folder";
    if (part.empty() && begin != 0 && end != path.size()) return "an empty part in the path";
    begin = end + 1;
  }
  return {};
}

std::vector<Field> delta_fields(SinkSpec& sink) {
  const auto set_retain = [&sink](std::chrono::microseconds value) { sink.retain = std::chrono::duration_cast<std::chrono::milliseconds>(value); };
  return with_common(with_more(with_more(late_rows_fields(sink), {with_default(duration_field("retain", set_retain, {std::chrono::seconds(0), std::chrono::hours(24 * 3650)}, "files that were replaced stay so long"), "7d")}),
                            both_tables_fields(sink)),
                     sink);
}

std::vector<Field> postgres_fields(SinkSpec& sink) {
  return with_common(with_more({text_field("table", sink.table, "schema.table", check_table), postgres_url_field(sink.url, true)}, both_tables_fields(sink)), sink);
}

std::vector<Field> console_fields(SinkSpec& sink) {
  return with_common({with_default(integer_field("rows", [&sink](int64_t value) { sink.rows = value; }, {1, 1'000'000'000}, "rows shown per epoch"), std::to_string(sink.rows)),
                      word_field("format", sink.format, {"table", "plain", "csv", "json"}, "plain is a table without the epoch's head; json has one object in each line")}, sink);
}

Field sinks_field(std::vector<SinkSpec>& into) {
  return with_type({"sinks", "outputs", [&into](Reader& reader, const Node& node, const std::string& path) {
            return read_sinks(reader, node, path, into);
          }}, "list of sinks");
}

void check_keys(Reader& reader, const Node& root, const PipelineSpec& spec) {
  const Node::Member* sinks = root.find("sinks");
  for (size_t i = 0; sinks != nullptr && i < spec.sinks.size(); ++i) {
    const SinkSpec& sink = spec.sinks[i];
    const std::string& output_mode = sink.output_mode.empty() ? spec.output_mode : sink.output_mode;
    if (sink.mode != "upsert" || !sink.key.empty() || output_mode == "update") continue;
    const Node::Member* inner = sinks->value.items[i].find(sink.kind);
    if (inner != nullptr) reader.refuse(inner->value.place, "sinks[" + std::to_string(i) + "]." + sink.kind, "mode: upsert needs a key, such as key: [id]");
  }
}

Field output_mode_field(std::string& into) {
  return word_field("output_mode", into, {"append", "update", "complete"}, "which rows are emitted");
}

}  // namespace laketide::config
