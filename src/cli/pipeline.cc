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

/// Sends the document of the file to the pipeline that it names; the answer is the plan of the change.
ExitCode send_document(const RemoteOptions& remote, const PipelineChoice& choice, const char* method, const char* below, const char* done, const Terminal& terminal) {
  const auto document = read_pipeline_file(choice.file, terminal);
  if (!document) return ExitCode::kRefused;
  const std::string name = Json::parse(*document).value("name", "");
  return call(remote, method, target_of(name) + below, *document, terminal, [&](const Json& plan, const Terminal& to) {
    to.out << name << done << '\n';
    print_members(plan, {"name", "document"}, to);
  });
}

}  // namespace

ExitCode pipeline_list(const RemoteOptions& remote, const Terminal& terminal) {
  return call(remote, "GET", "/pipelines", "", terminal, [](const Json& answer, const Terminal& to) {
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
  return send_document(remote, choice, "PUT", "", " is stored", terminal);
}

ExitCode pipeline_plan(const RemoteOptions& remote, const PipelineChoice& choice, const Terminal& terminal) {
  return send_document(remote, choice, "POST", "/plan", " would be changed", terminal);
}

ExitCode pipeline_delete(const RemoteOptions& remote, const PipelineChoice& choice, const Terminal& terminal) {
  return call(remote, "DELETE", target_of(choice.name), "", terminal, [&](const Json&, const Terminal& to) { to.out << choice.name << " is deleted; its tables stay\n"; });
}

}  // namespace laketide::cli
