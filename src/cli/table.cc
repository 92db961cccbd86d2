#include <algorithm>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "cli/answer_table.h"
#include "cli/commands.h"
#include "lake/delta_schema.h"
#include "lake/table.h"
#include "sinks/console/row_text.h"
#include "storage/local_store.h"

namespace laketide::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kEnough = "enough";

/// Opens the table of `choice` and hands it to `look`; a failure of either is printed.
template <typename Look>
ExitCode with_table(const TableChoice& choice, const Terminal& terminal, Look look) {
  auto table = lake::open_table(choice.path, storage::make_local_store());
  if (!table.ok()) return fail(terminal, table.status(), ExitCode::kFailed);
  const Result<ExitCode> code = look(**table);
  return code.ok() ? *code : fail(terminal, code.status(), ExitCode::kFailed);
}

std::string when(const std::optional<int64_t>& ms) { return ms ? to_iso(Instant{*ms * 1000}) : "-"; }

/// As the log says; where it does not say, counted.
Result<int64_t> rows_of(lake::Table& table, const lake::TableVersion& at) {
  int64_t rows = 0;
  for (const lake::AddFile& file : at.files) {
    const Json stats = Json::parse(file.stats.value_or(""), nullptr, false);
    if (stats.is_object() && stats.contains("numRecords")) {
      rows += stats.value("numRecords", int64_t{0});
      continue;
    }
    rows = 0;
    const auto count = [&rows](const std::shared_ptr<arrow::RecordBatch>& batch) {
      rows += batch->num_rows();
      return Status();
    };
    LT_RETURN_IF_ERROR(table.scan(at.version, count, Wait()));
    break;
  }
  return rows;
}

Json columns_json(const arrow::Schema& schema) {
  Json columns = Json::array();
  for (const auto& field : schema.fields()) {
    columns.push_back({{"name", field->name()}, {"type", lake::delta_type_name(*field->type())}, {"nullable", field->nullable()}});
  }
  return columns;
}

Json table_json(const lake::Table& table, const lake::TableVersion& at, int64_t rows) {
  int64_t bytes = 0;
  for (const lake::AddFile& file : at.files) bytes += file.size;
  return {{"format", table.is_delta() ? "delta" : "parquet"},
          {"version", at.version},
          {"rows", rows},
          {"files", at.files.size()},
          {"bytes", bytes},
          {"partitionColumns", at.metadata.partition_columns},
          {"columns", columns_json(*at.schema)}};
}

void print_shown(const Json& shown, const Terminal& terminal) {
  std::ostream& out = terminal.out;
  out << (shown["format"] == "delta" ? "Delta table, version " + shown["version"].dump() : "directory of Parquet files") << ": " << shown["rows"] << " rows in "
      << shown["files"] << " files, " << shown["bytes"] << " bytes\n";
  if (!shown["partitionColumns"].empty()) out << "partitioned by " << shown["partitionColumns"].dump() << '\n';
  Json rows = Json::array();
  for (const Json& column : shown["columns"]) rows.push_back({{"column", column["name"]}, {"type", column["type"]}, {"null", column["nullable"].get<bool>() ? "null" : "not null"}});
  print_table(rows, {{"column", "column"}, {"type", "type"}, {"", "null", true}}, terminal);
}

Json entry_json(const lake::HistoryEntry& entry) {
  const Json info = Json::parse(entry.info.json, nullptr, false);
  return {{"version", entry.version},       {"timestamp", when(entry.info.timestamp_ms)}, {"operation", entry.info.operation},
          {"filesAdded", entry.files_added}, {"filesRemoved", entry.files_removed},       {"rowsAdded", entry.rows_added},
          {"engine", entry.info.engine_info}, {"commitInfo", info.is_object() ? info : Json()}};
}

void print_log(const Json& entries, const Terminal& terminal) {
  print_table(entries, {{"version", "version"}, {"time", "timestamp", true}, {"operation", "operation"}, {"files added", "filesAdded"}, {"removed", "filesRemoved"},
                        {"rows added", "rowsAdded"}, {"engine", "engine"}}, terminal);
}

/// Prints rows as they come, until there are enough.
Status print_rows(lake::Table& table, const TableChoice& choice, const Terminal& terminal) {
  int64_t left = choice.limit == 0 ? INT64_MAX : choice.limit;
  const auto take = [&](const std::shared_ptr<arrow::RecordBatch>& batch) -> Status {
    const int64_t rows = std::min(batch->num_rows(), left);
    for (int64_t row = 0; row < rows; ++row) terminal.out << (terminal.json ? json_row(*batch, row, batch->num_columns()) : csv_row(*batch, row, batch->num_columns())) << '\n';
    left -= rows;
    if (!terminal.out) return Status::user("output_closed", "the rows could not be written");
    return left > 0 ? Status() : Status::user(std::string(kEnough), "");
  };
  const Status scanned = table.scan(choice.version, take, Wait());
  return scanned.code() == kEnough ? Status() : scanned;
}

Json finding_json(const lake::Finding& finding) {
  return {{"version", finding.version}, {"code", finding.code}, {"path", finding.path}, {"detail", finding.detail}};
}

}  // namespace

ExitCode table_show(const TableChoice& choice, const Terminal& terminal) {
  return with_table(choice, terminal, [&](lake::Table& table) -> Result<ExitCode> {
    LT_ASSIGN_OR_RETURN(const lake::TableVersion at, table.at(choice.version, Wait()));
    LT_ASSIGN_OR_RETURN(const int64_t rows, rows_of(table, at));
    const Json shown = table_json(table, at, rows);
    if (terminal.json) {
      terminal.out << shown.dump() << '\n';
    } else {
      print_shown(shown, terminal);
    }
    return ExitCode::kDone;
  });
}

ExitCode table_log(const TableChoice& choice, const Terminal& terminal) {
  return with_table(choice, terminal, [&](lake::Table& table) -> Result<ExitCode> {
    LT_ASSIGN_OR_RETURN(const auto history, table.history(Wait()));
    Json entries = Json::array();
    for (const lake::HistoryEntry& entry : history) {
      if (choice.limit > 0 && static_cast<int64_t>(entries.size()) >= choice.limit) break;
      entries.push_back(entry_json(entry));
    }
    if (terminal.json) {
      terminal.out << entries.dump() << '\n';
    } else {
      print_log(entries, terminal);
    }
    return ExitCode::kDone;
  });
}

ExitCode table_cat(const TableChoice& choice, const Terminal& terminal) {
  return with_table(choice, terminal, [&](lake::Table& table) -> Result<ExitCode> {
    LT_ASSIGN_OR_RETURN(const lake::TableVersion at, table.at(choice.version, Wait()));
    if (!terminal.json) terminal.out << csv_head(*at.schema) << '\n';
    LT_RETURN_IF_ERROR(print_rows(table, choice, terminal));
    return ExitCode::kDone;
  });
}

ExitCode table_verify(const TableChoice& choice, const Terminal& terminal) {
  return with_table(choice, terminal, [&](lake::Table& table) -> Result<ExitCode> {
    LT_ASSIGN_OR_RETURN(const auto findings, table.verify(Wait()));
    if (terminal.json) {
      Json list = Json::array();
      for (const lake::Finding& finding : findings) list.push_back(finding_json(finding));
      terminal.out << Json{{"ok", findings.empty()}, {"findings", list}}.dump() << '\n';
    } else if (findings.empty()) {
      terminal.out << "nothing wrong: " << choice.path << '\n';
    }
    for (const lake::Finding& finding : findings) {
      if (!terminal.json) terminal.out << finding.code << ": " << finding.path << ": " << finding.detail << '\n';
    }
    return findings.empty() ? ExitCode::kDone : ExitCode::kFailed;
  });
}

}  // namespace laketide::cli
