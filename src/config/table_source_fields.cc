#include <algorithm>

#include "config/field.h"
#include "config/pipeline_fields.h"

namespace laketide::config {
namespace {

constexpr int64_t kVersionMax = int64_t{1} << 53;

/// A path below the lake root, or an absolute one of a file's author.
Field path_field(std::string& into, std::string doc) {
  return with_type({"path", std::move(doc), [&into](Reader& reader, const Node& node, const std::string& path) {
            const bool is_file = reader.is_file();
            const auto check = [is_file](const std::string& text) { return check_lake_path(text, is_file); };
            return text_field("path", into, "", check).read(reader, node, path);
          }}, "text");
}

Field version_field(std::optional<int64_t>& into) {
  return with_type({"version", "which version is read; latest: the newest when a job starts, or a static table is loaded", [&into](Reader& reader, const Node& node, const std::string& path) {
            if (node.kind == Node::Kind::kScalar && node.text == "latest") return reader.canonical_of(node, json_text("latest"));
            return integer_field("version", [&into](int64_t value) { into = value; }, {0, kVersionMax}, "").read(reader, node, path);
          }}, "whole number, or latest", "latest");
}

std::string check_delimiter(const std::string& text) {
  const bool fits = text.size() == 1 && text[0] != '"' && text[0] != '\n' && text[0] != '\r';
  return fits ? "" : "a delimiter is one character, such as \",\" or \";\" or \"\\t\"";
}

std::string format_of_name(const std::string& path) {
  const auto ends = [&](std::string_view end) { return path.ends_with(end); };
  if (ends(".parquet")) return "parquet";
  if (ends(".csv")) return "csv";
  return ends(".json") || ends(".jsonl") || ends(".ndjson") ? "json" : "";
}

}  // namespace

std::vector<Field> delta_source_fields(DeltaSourceSpec& delta) {
  return {path_field(delta.path, "folder of the table, below the lake root"), version_field(delta.version)};
}

std::vector<Field> files_source_fields(FilesSourceSpec& files, FormatSpec& format) {
  return {path_field(files.path, "a file, a folder, or names with * and ?, below the lake root"),
          with_default(word_field("format", files.format, {"parquet", "csv", "json"}, "what is in them; json has one object in each line"), "by the name's end"),
          text_field("schema", format.schema, "csv, json: columns as in CREATE TABLE; without it they are learnt: of a source from its first records, of a static table from all"),
          with_default(word_field("schema_policy", format.schema_policy, {"ignore", "rescue", "fail"}, "json: what to do with unknown fields"),
                       "ignore if a schema is declared, or the files are a static table; else rescue"),
          flag_field("header", files.header, "csv: the first line has the columns' names"),
          text_field("delimiter", files.delimiter, "csv: what stands between two values", check_delimiter)};
}

std::string read_delta_source(Reader& reader, const Node& node, const std::string& path, DeltaSourceSpec& delta) {
  const size_t problems_before = reader.problem_count();
  const std::string canonical = reader.section(node, path, delta_source_fields(delta));
  if (reader.problem_count() == problems_before && delta.path.empty()) reader.refuse(node.place, path, "names no table; add path: averages");
  return canonical;
}

std::string read_files_source(Reader& reader, const Node& node, const std::string& path, FilesSourceSpec& files, FormatSpec& format) {
  const size_t problems_before = reader.problem_count();
  const std::string canonical = reader.section(node, path, files_source_fields(files, format));
  if (reader.problem_count() != problems_before) return canonical;
  if (files.path.empty()) {
    reader.refuse(node.place, path, "names no file; add path: \"in/*.csv\"");
    return canonical;
  }
  if (files.format.empty()) files.format = format_of_name(files.path);
  if (files.format.empty()) reader.refuse(node.place, path, "the name does not say what is in the files; add format: parquet, csv or json");
  const auto only = [&](std::string_view key, const std::string& formats, bool fits) {
    const Node::Member* member = node.find(key);
    if (member != nullptr && !fits) reader.refuse(member->key_place, path_of(path, key), "is for " + formats + "; remove it, these files are " + files.format);
  };
  const bool is_csv = files.format == "csv", is_json = files.format == "json";
  only("header", "csv", is_csv);
  only("delimiter", "csv", is_csv);
  only("schema", "csv and json", is_csv || is_json);
  only("schema_policy", "json", is_json);
  format.kind = files.format;
  return canonical;
}

std::string table_name_of(const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  std::string name = end == std::string::npos ? "" : path.substr(0, end + 1);
  name = name.substr(name.rfind('/') + 1);
  name = name.substr(0, name.find('.'));
  const bool is_pattern = name.find_first_of("*?[") != std::string::npos;
  return name.empty() || is_pattern || name == "result" ? "input" : name;
}

}  // namespace laketide::config
