#include "cli/pipeline_file.h"

#include "config/document_file.h"
#include "config/pipeline_spec.h"

namespace laketide::cli {

std::optional<std::string> read_pipeline_file(const std::string& file, const Terminal& terminal) {
  std::vector<config::Problem> problems;
  const auto text = config::read_text(file, problems);
  const auto spec = text ? config::parse_pipeline(*text, "request", problems) : Status::user("unreadable", "");
  if (spec.ok()) return spec->canonical;
  for (config::Problem& problem : problems) problem.file = file;
  print_problems(terminal, problems);
  return std::nullopt;
}

}  // namespace laketide::cli
