#include <sstream>

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

void print_reset(const Json& answer, const Terminal& terminal) {
  terminal.out << answer.value("pipeline", "") << " begins anew at its next start, from " << answer.value("start", "") << '\n';
  for (const Json& range : answer["repeats"]) {
    terminal.out << "  is read again: " << range.value("topic", "") << '/' << range.value("partition", 0) << " [" << range.value("start", Json()).dump() << ", "
                 << range.value("end", Json()).dump() << ")\n";
  }
  for (const Json& note : answer.value("notes", Json::array())) terminal.out << "  " << note.get<std::string>() << '\n';
}

/// What the answer says of the stream; kFailed if it has not come to rest in time, which is said on `err`.
ExitCode change(const RemoteOptions& remote, const StreamChoice& choice, const char* how, const std::string& body, const Terminal& terminal) {
  ExitCode code = ExitCode::kDone;
  const auto received = ask(remote, "POST", "/stream/" + http::path_segment(choice.pipeline) + "/" + how, body, terminal, code);
  if (!received) return code;
  const Json answer = Json::parse(*received, nullptr, false);
  if (!answer.is_object()) return fail(terminal, Status::internal("bad_answer", "the service's answer is not JSON"), ExitCode::kFailed);
  if (terminal.json) {
    terminal.out << *received;
  } else if (answer.contains("repeats")) {
    print_reset(answer, terminal);
  } else {
    terminal.out << answer.value("pipeline", "") << " is " << answer.value("state", "") << '\n';
    print_stream_error(answer, terminal);
  }
  if (answer.value("state", "") != "DRAINING") return ExitCode::kDone;
  terminal.err << "laketide: still draining, so not all that was read is committed yet; look with: laketide stream show " << choice.pipeline << '\n';
  return ExitCode::kFailed;
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
  // Asked for as JSON however it is printed: 200 and 202 carry the same document, and its states say how it ended.
  std::ostringstream received;
  const ExitCode code = call(remote, "POST", "/stream/stop", body.dump(), Terminal{received, terminal.err, true}, print_streams);
  if (terminal.json) terminal.out << received.str();
  if (code != ExitCode::kDone) return code;
  const Json answer = Json::parse(received.str(), nullptr, false);
  if (!answer.is_object()) return fail(terminal, Status::internal("bad_answer", "the service's answer is not JSON"), ExitCode::kFailed);
  if (!terminal.json) print_streams(answer, terminal);
  return outcome_of_stop(answer, terminal.err);
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

ExitCode stream_pause(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal) {
  return change(remote, choice, "pause", "", terminal);
}

ExitCode stream_resume(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal) {
  return change(remote, choice, "resume", "", terminal);
}

ExitCode stream_reset(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal) {
  return change(remote, choice, "reset", Json{{"start", choice.start}}.dump(), terminal);
}

}  // namespace laketide::cli
