#include <algorithm>
#include <chrono>

#include "config/client_settings.h"
#include "config/field.h"
#include "config/pipeline_fields.h"

namespace laketide::config {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kTableExample = "{ postgres: { query: \"SELECT id, name FROM users\" }, refresh: 5m }";

std::string read_postgres_table(Reader& reader, const Node& node, const std::string& path, TableSpec& table) {
  const size_t problems_before = reader.problem_count();
  const std::string canonical = reader.section(node, path, postgres_table_fields(table));
  if (reader.problem_count() != problems_before) return canonical;
  if (table.table.empty() == table.query.empty()) {
    reader.refuse(node.place, path, "names one of table and query, such as table: public.users, or query: \"SELECT id, name FROM users\"");
  }
  return canonical;
}

std::string read_table(Reader& reader, const Node& node, const std::string& path, TableSpec& table) {
  if (!reader.expect_mapping(node, path, std::string(kTableExample))) return {};
  const std::string canonical = reader.section(node, path, table_fields(table));
  if (table.kind.empty()) reader.refuse(node.place, path, "says not where the table is, such as " + std::string(kTableExample));
  const auto is_kind = [](const Node::Member& member) { return (member.key == "postgres" || member.key == "delta" || member.key == "files") && !member.value.is_null(); };
  if (std::ranges::count_if(node.members, is_kind) > 1) reader.refuse(node.place, path, "a table is one of postgres, delta and files; keep one of them");
  if (table.delta.version && table.refresh) {
    reader.refuse(node.find("refresh")->key_place, path_of(path, "refresh"), "one version of a table never changes; remove refresh, or leave version out");
  }
  return canonical;
}

std::string check_name(const std::string& name) {
  if (const std::string wrong = check_topic(name); !wrong.empty()) return wrong;
  if (name == "result" || name == "source") return "\"" + name + "\" has a meaning of its own in SQL here; choose another name";
  return {};
}

std::string read_tables(Reader& reader, const Node& node, const std::string& path, std::vector<TableSpec>& into) {
  if (!reader.expect_mapping(node, path, "{ users: " + std::string(kTableExample) + " }")) return {};
  std::map<std::string, std::string> canonical;
  for (const Node::Member& member : node.members) {
    const std::string table_path = path_of(path, member.key);
    if (const std::string wrong = check_name(member.key); !wrong.empty()) reader.refuse(member.key_place, table_path, wrong);
    TableSpec table;
    table.name = member.key;
    canonical[member.key] = read_table(reader, member.value, table_path, table);
    into.push_back(std::move(table));
  }
  return json_object(canonical);
}

}  // namespace

std::vector<Field> table_fields(TableSpec& table) {
  const auto set_refresh = [&table](std::chrono::microseconds value) { table.refresh = std::chrono::ceil<std::chrono::milliseconds>(value); };
  return {{"postgres", "a table or query of PostgreSQL, read whole", [&table](Reader& r, const Node& n, const std::string& p) {
             table.kind = "postgres";
             return read_postgres_table(r, n, p, table);
           }},
          {"delta", "a Delta table, read whole", [&table](Reader& r, const Node& n, const std::string& p) {
             table.kind = "delta";
             return read_delta_source(r, n, p, table.delta);
           }},
          {"files", "Parquet, CSV or JSON files, read whole", [&table](Reader& r, const Node& n, const std::string& p) {
             table.kind = "files";
             return read_files_source(r, n, p, table.files, table.format);
           }},
          with_default(duration_field("refresh", set_refresh, {100ms, std::chrono::hours(24 * 30)}, "loaded again so often; each epoch sees one content"), "loaded once")};
}

std::vector<Field> postgres_table_fields(TableSpec& table) {
  return {text_field("table", table.table, "table or schema.table, all of it", check_table), text_field("query", table.query, "one SELECT, in the server's own SQL"),
          postgres_url_field(table.url, true)};
}

Field tables_field(std::vector<TableSpec>& into) {
  return with_type({"tables", "static tables to join with; the key is the table's name in SQL", [&into](Reader& reader, const Node& node, const std::string& path) {
            return read_tables(reader, node, path, into);
          }}, "static tables by name");
}

void check_table_names(Reader& reader, const Node& root, const PipelineSpec& spec) {
  const Node::Member* tables = root.find("tables");
  if (tables == nullptr || tables->value.kind != Node::Kind::kMapping) return;
  for (const Node::Member& member : tables->value.members) {
    const bool taken = std::any_of(spec.sources.begin(), spec.sources.end(), [&](const SourceSpec& source) { return source.name == member.key; });
    if (taken) reader.refuse(member.key_place, path_of("tables", member.key), "a source has this name too; choose another one for the table");
  }
}

}  // namespace laketide::config
