#include <nlohmann/json.hpp>

#include "cli/answer_table.h"
#include "cli/commands.h"
#include "cli/pipeline_file.h"
#include "cli/remote.h"
#include "cli/stream_text.h"
#include "http/client.h"

namespace laketide::cli {
namespace {

using Json = nlohmann::ordered_json;

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
  const auto document = read_pipeline_file(choice.file, terminal);
  if (!document) code = ExitCode::kRefused;
  return document;
}

}  // namespace

ExitCode stream_start(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal) {
  ExitCode code = ExitCode::kDone;
  const auto body = start_body(choice, terminal, code);
  if (!body) return code;
  return call(remote, "POST", "/stream/start", *body, terminal, [](const Json& answer, const Terminal& to) {
    to.out << answer.value("pipeline", "") << " is " << answer.value("state", "") << " (run " << answer.value("id", "") << ")\n";
    print_stream_error(answer, to);
  });
}

ExitCode stream_stop(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal) {
  Json body = Json::object();
  if (!choice.pipeline.empty()) body["pipeline"] = choice.pipeline;
  if (!choice.topic.empty()) body["topic"] = choice.topic;
  if (choice.now) body["mode"] = "now";
  return call(remote, "POST", "/stream/stop", body.dump(), terminal, print_streams);
}

ExitCode stream_list(const RemoteOptions& remote, const Terminal& terminal) {
  return call(remote, "GET", "/stream", "", terminal, print_streams);
}

ExitCode stream_show(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal) {
  return call(remote, "GET", "/stream/" + http::path_segment(choice.pipeline), "", terminal, [](const Json& stream, const Terminal& to) {
    print_streams({{"streams", Json::array({stream})}}, to);
    print_table(stream.value("partitions", Json::array()),
                {{"source", "source"}, {"topic", "topic"}, {"partition", "partition"}, {"committed", "committed"}, {"read", "read"},
                 {"end", "end"}, {"lag", "lagRecords"}}, to);
  });
}

ExitCode stream_epochs(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal) {
  const std::string target = "/stream/" + http::path_segment(choice.pipeline) + "/epochs?limit=" + std::to_string(choice.limit);
  return call(remote, "GET", target, "", terminal, [](const Json& answer, const Terminal& to) {
    print_table(answer.value("epochs", Json::array()),
                {{"epoch", "epoch"}, {"committed", "committedAt"}, {"rows in", "rowsIn"}, {"rows out", "rowsOut"}, {"filtered", "filtered"},
                 {"quarantined", "quarantined"}}, to);
  });
}

}  // namespace laketide::cli
