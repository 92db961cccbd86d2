#include <nlohmann/json.hpp>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/file_check.h"
#include "cli/plan_text.h"
#include "cli/reach.h"

namespace laketide::cli {
namespace {

using Json = nlohmann::ordered_json;

Json problem_json(const config::Problem& problem) {
  return {{"file", problem.file}, {"line", problem.line}, {"column", problem.column}, {"field", problem.field}, {"message", problem.message}};
}

/// What stands in the way of `pipeline` or, without one, of the service.
struct Obstacle {
  std::string pipeline;
  Status status;
};

void print_json(const FileCheck& check, const std::vector<Obstacle>& obstacles, std::ostream& out) {
  Json document{{"problems", Json::array()}, {"pipelines", Json::array()}, {"unreachable", Json::array()}};
  for (const config::Problem& problem : check.problems()) document["problems"].push_back(problem_json(problem));
  for (const CheckedPipeline& pipeline : check.pipelines()) {
    document["pipelines"].push_back({{"file", pipeline.file}, {"name", pipeline.spec.name}, {"document", Json::parse(pipeline.spec.canonical)}, {"steps", pipeline.steps}});
  }
  for (const Obstacle& obstacle : obstacles) {
    document["unreachable"].push_back({{"pipeline", obstacle.pipeline}, {"code", obstacle.status.code()}, {"detail", obstacle.status.detail()}});
  }
  out << document.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

std::vector<Obstacle> reach_all(const FileCheck& check) {
  std::vector<Obstacle> all;
  for (const CheckedPipeline& pipeline : check.pipelines()) {
    for (const Status& status : reach(pipeline.spec, check.service())) all.push_back({pipeline.spec.name, status});
  }
  if (!check.pipelines().empty()) return all;
  for (const Status& status : reach(check.service())) all.push_back({"", status});
  return all;
}

}  // namespace

ExitCode check(const CheckOptions& options, const Terminal& terminal) {
  const FileCheck check(options.files);
  std::vector<Obstacle> obstacles;
  if (options.connect && check.problems().empty()) {
    (void)log::configure("off", "text");  // what the clients have to say is in the outcome
    obstacles = reach_all(check);
  }
  if (terminal.json) {
    print_json(check, obstacles, terminal.out);
  } else {
    for (const CheckedPipeline& pipeline : check.pipelines()) print_plan(pipeline, terminal.out);
    print_problems(terminal, check.problems());
  }
  for (const Obstacle& obstacle : obstacles) {
    terminal.err << "laketide: " << (obstacle.pipeline.empty() ? "" : obstacle.pipeline + ": ") << obstacle.status.detail() << " (" << obstacle.status.code() << ")\n";
  }
  return !check.problems().empty() ? ExitCode::kRefused : obstacles.empty() ? ExitCode::kDone : ExitCode::kUnreachable;
}

}  // namespace laketide::cli
