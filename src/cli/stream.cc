#include <sstream>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/remote.h"
#include "config/document_file.h"
#include "http/client.h"
#include "sinks/console/text_table.h"

namespace laketide::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kCellWidthMax = 60;

/// A member as a cell: "-" for null, lists with commas between.
std::string cell(const Json& object, const char* name) {
  const Json value = object.value(name, Json());
  if (value.is_null()) return "-";
  if (value.is_string()) return to_cell(value.get<std::string>(), kCellWidthMax);
  if (!value.is_array()) return value.dump();
  std::string joined;
  for (const Json& item : value) joined += (joined.empty() ? "" : ",") + (item.is_string() ? item.get<std::string>() : item.dump());
  return to_cell(joined, kCellWidthMax);
}

/// A column: its head, and the member it shows.
struct Column {
  const char* head;
  const char* member;
};

void print_table(const Json& rows, const std::vector<Column>& columns, std::ostream& out) {
  std::vector<std::string> head;
  for (const Column& column : columns) head.emplace_back(column.head);
  std::vector<std::vector<std::string>> cells;
  for (const Json& row : rows) {
    std::vector<std::string> line;
    for (const Column& column : columns) line.push_back(cell(row, column.member));
    cells.push_back(std::move(line));
  }
  out << format_table(head, cells);
}

void print_error(const Json& stream, std::ostream& out) {
  const Json error = stream.value("error", Json());
  if (error.is_object()) out << stream.value("pipeline", "") << ": " << error.value("detail", "") << " (" << error.value("code", "") << ")\n";
}

void print_streams(const Json& answer, std::ostream& out) {
  const Json streams = answer.value("streams", Json::array());
  if (streams.empty()) {
    out << "no streams\n";
    return;
  }
  print_table(streams, {{"pipeline", "pipeline"}, {"state", "state"}, {"topics", "topics"}, {"epoch", "epoch"}, {"lag", "lagRecords"},
                        {"rows/s", "inputRowsPerSecond"}, {"rows in", "rowsIn"}, {"quarantined", "quarantined"}, {"last commit", "lastCommit"}}, out);
  for (const Json& stream : streams) print_error(stream, out);
}

/// The request's body for a start, or none and a message.
std::optional<std::string> start_body(const StreamChoice& choice, const Terminal& terminal, ExitCode& code) {
  const int given = !choice.pipeline.empty() + !choice.topic.empty() + !choice.file.empty();
  if (given != 1) {
    terminal.err << "laketide: give a pipeline's name, or --topic, or --file\n";
    code = ExitCode::kWrongUse;
    return std::nullopt;
  }
  if (!choice.pipeline.empty()) return Json{{"pipeline", choice.pipeline}}.dump();
  if (!choice.topic.empty()) return Json{{"topic", choice.topic}}.dump();
  std::vector<config::Problem> problems;
  const auto text = config::read_text(choice.file, problems);
  // As a request, because that is what it becomes: variables and absolute paths are for files on the server.
  const auto spec = text ? config::parse_pipeline(*text, "request", problems) : Status::user("unreadable", "");
  if (spec.ok()) return spec->canonical;
  for (config::Problem& problem : problems) problem.file = choice.file;
  print_problems(terminal, problems);
  code = ExitCode::kRefused;
  return std::nullopt;
}

/// How a stop ended: kDone only if every stream it met stands with all that it had read committed or, as asked, given up.
/// A script that goes on after `stop` relies on that; what is still draining, or failed over it, is named on `err`.
ExitCode outcome_of_stop(const Json& answer, std::ostream& err) {
  std::string draining, failed;
  for (const Json& stream : answer.value("streams", Json::array())) {
    const std::string state = stream.value("state", ""), name = stream.value("pipeline", "");
    if (state == "STOPPED" || state == "FINISHED") continue;
    std::string& names = state == "FAILED" || state == "FENCED" ? failed : draining;
    names += (names.empty() ? "" : ", ") + name;
  }
  if (!draining.empty()) err << "laketide: still draining, so not all that was read is committed yet; run it again to wait longer, or with --now: " << draining << "\n";
  if (!failed.empty()) err << "laketide: ended with an error instead of committing what was read: " << failed << "\n";
  return draining.empty() && failed.empty() ? ExitCode::kDone : ExitCode::kFailed;
}

}  // namespace

ExitCode stream_start(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal) {
  ExitCode code = ExitCode::kDone;
  const auto body = start_body(choice, terminal, code);
  if (!body) return code;
  return call(remote, "POST", "/stream/start", *body, terminal, [](const Json& answer, std::ostream& out) {
    out << answer.value("pipeline", "") << " is " << answer.value("state", "") << " (run " << answer.value("id", "") << ")\n";
    print_error(answer, out);
  });
}

ExitCode stream_stop(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal) {
  Json body = Json::object();
  if (!choice.pipeline.empty()) body["pipeline"] = choice.pipeline;
  if (!choice.topic.empty()) body["topic"] = choice.topic;
  if (choice.now) body["mode"] = "now";
  // Asked for as JSON however it is printed: 200 and 202 carry the same document, and its states say how it ended.
  std::ostringstream received;
  const ExitCode code = call(remote, "POST", "/stream/stop", body.dump(), Terminal{received, terminal.err, true}, print_streams);
  if (terminal.json) terminal.out << received.str();
  if (code != ExitCode::kDone) return code;
  const Json answer = Json::parse(received.str(), nullptr, false);
  if (!answer.is_object()) return fail(terminal, Status::internal("bad_answer", "the service's answer is not JSON"), ExitCode::kFailed);
  if (!terminal.json) print_streams(answer, terminal.out);
  return outcome_of_stop(answer, terminal.err);
}

ExitCode stream_list(const RemoteOptions& remote, const Terminal& terminal) {
  return call(remote, "GET", "/stream", "", terminal, print_streams);
}

ExitCode stream_show(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal) {
  return call(remote, "GET", "/stream/" + http::path_segment(choice.pipeline), "", terminal, [](const Json& stream, std::ostream& out) {
    print_streams({{"streams", Json::array({stream})}}, out);
    print_table(stream.value("partitions", Json::array()),
                {{"source", "source"}, {"topic", "topic"}, {"partition", "partition"}, {"committed", "committed"}, {"read", "read"},
                 {"end", "end"}, {"lag", "lagRecords"}}, out);
  });
}

ExitCode stream_epochs(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal) {
  const std::string target = "/stream/" + http::path_segment(choice.pipeline) + "/epochs?limit=" + std::to_string(choice.limit);
  return call(remote, "GET", target, "", terminal, [](const Json& answer, std::ostream& out) {
    print_table(answer.value("epochs", Json::array()),
                {{"epoch", "epoch"}, {"committed", "committedAt"}, {"rows in", "rowsIn"}, {"rows out", "rowsOut"}, {"filtered", "filtered"},
                 {"quarantined", "quarantined"}}, out);
  });
}

}  // namespace laketide::cli
