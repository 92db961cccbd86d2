#include <sstream>

#include <nlohmann/json.hpp>

#include "cli/answer_table.h"
#include "cli/commands.h"
#include "cli/pipeline_file.h"
#include "cli/remote.h"
#include "http/client.h"

namespace laketide::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string target_of(const std::string& name) { return "/pipelines/" + http::path_segment(name); }

std::string text_of(const Json& object, const char* name) { return object.value(name, Json()).is_string() ? object[name].get<std::string>() : ""; }

/// What a change does, or would do: to the stream, to its progress, and why.
void print_change(const Json& change, const Terminal& terminal) {
  terminal.out << text_of(change, "name") << ": " << text_of(change, "change") << "; its stream: " << text_of(change, "stream") << '\n';
  for (const Json& key : change.value("changed", Json::array())) terminal.out << "  changed: " << (key.is_string() ? key.get<std::string>() : key.dump()) << '\n';
  for (const Json& note : change.value("notes", Json::array())) terminal.out << "  " << (note.is_string() ? note.get<std::string>() : note.dump()) << '\n';
  for (const char* name : {"reason", "wayOut"}) {
    if (const std::string text = text_of(change, name); !text.empty()) terminal.out << "  " << text << '\n';
  }
  std::istringstream steps(text_of(change, "queryPlan"));
  for (std::string line; std::getline(steps, line);) terminal.out << "  " << line << '\n';
}

/// Sends the document of the file to the pipeline that it names; the answer is the plan of the change.
ExitCode send_document(const RemoteOptions& remote, const PipelineChoice& choice, const char* method, const char* below, const Terminal& terminal) {
  const auto document = read_pipeline_file(choice.file, terminal);
  if (!document) return ExitCode::kRefused;
  return call(remote, method, target_of(Json::parse(*document).value("name", "")) + below, *document, terminal, print_change);
}

}  // namespace

ExitCode pipeline_list(const RemoteOptions& remote, const Terminal& terminal) {
  return call(remote, "GET", "/pipelines?limit=1000", "", terminal, [](const Json& answer, const Terminal& to) {
    const Json pipelines = answer.value("pipelines", Json::array());
    if (pipelines.empty()) {
      to.out << "no pipelines\n";
    } else {
      print_table(pipelines, {{"pipeline", "name", true}, {"from", "origin"}}, to);
    }
  });
}

ExitCode pipeline_show(const RemoteOptions& remote, const PipelineChoice& choice, const Terminal& terminal) {
  return call(remote, "GET", target_of(choice.name), "", terminal, [](const Json& pipeline, const Terminal& to) {
    to.out << pipeline.value("name", "") << " (" << pipeline.value("origin", "") << ")\n" << pipeline.value("document", Json()).dump(2) << '\n';
  });
}

ExitCode pipeline_put(const RemoteOptions& remote, const PipelineChoice& choice, const Terminal& terminal) {
  return send_document(remote, choice, "PUT", "", terminal);
}

ExitCode pipeline_plan(const RemoteOptions& remote, const PipelineChoice& choice, const Terminal& terminal) {
  return send_document(remote, choice, "POST", "/plan", terminal);
}

ExitCode pipeline_delete(const RemoteOptions& remote, const PipelineChoice& choice, const Terminal& terminal) {
  return call(remote, "DELETE", target_of(choice.name), "", terminal, [&](const Json&, const Terminal& to) { to.out << choice.name << " is deleted; its tables stay\n"; });
}

}  // namespace laketide::cli
