// A pipeline document and a service file: problems with their places, or a document whose canonical form is that of itself.
#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "config/pipeline_spec.h"
#include "config/service_config.h"
#include "fuzz/target.h"
#include "support/temp_dir.h"

namespace laketide::fuzz {
namespace {

void check_places(const std::vector<config::Problem>& problems, std::string_view text) {
  const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
  // A carriage return alone ends a line too.
  const auto returns = static_cast<int>(std::count(text.begin(), text.end(), '\r'));
  for (const auto& problem : problems) {
    must(!problem.message.empty(), "a problem without a word");
    must(problem.line >= 0 && problem.line <= lines + returns + 1, "a place outside the text", problem.to_string());
  }
}

void check_pipeline(std::string_view text) {
  std::vector<config::Problem> problems;
  const auto spec = config::parse_pipeline(text, "request", problems);
  if (!spec.ok()) must_be_refusal(spec.status());
  must(spec.ok() == problems.empty(), "neither a document nor a problem, or both");
  check_places(problems, text);
  if (!spec.ok()) return;
  const auto again = config::parse_pipeline(spec->canonical, "request", problems);
  must(again.ok(), "the canonical form is refused", spec->canonical + (problems.empty() ? "" : problems.front().to_string()));
  must(again->canonical == spec->canonical, "the canonical form has another one", spec->canonical + "\n" + again->canonical);
}

void check_service(std::string_view text) {
  static const TempDir directory;
  const std::string path = directory.path() + "/service.yaml";
  std::ofstream(path, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
  std::vector<config::Problem> problems;
  const auto service = config::load_service(path, {}, problems);
  if (!service.ok()) must_be_refusal(service.status());
  must(service.ok() == problems.empty(), "neither a service nor a problem, or both");
  check_places(problems, text);
}

}  // namespace

void read_bytes(std::string_view bytes) {
  check_pipeline(bytes);
  check_service(bytes);
}

}  // namespace laketide::fuzz
