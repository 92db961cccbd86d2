#include <algorithm>
#include <set>

#include <glob.h>

#include "config/document_file.h"
#include "config/service_config.h"

namespace laketide::config {
namespace {

bool has_wildcard(const std::string& pattern) { return pattern.find_first_of("*?[") != std::string::npos; }

/// The files a pattern names, in name order. A plain name is itself, there or not: reading it says so.
std::vector<std::string> files_of(const std::string& pattern) {
  if (!has_wildcard(pattern)) return {pattern};
  glob_t found{};
  std::vector<std::string> files;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  return files;
}

}  // namespace

std::vector<PipelineSpec> load_pipelines(const std::vector<std::string>& patterns, std::vector<Problem>& problems) {
  std::set<std::string> files;
  for (const std::string& pattern : patterns) {
    for (std::string& file : files_of(pattern)) files.insert(std::move(file));
  }
  std::vector<PipelineSpec> specs;
  std::map<std::string, std::string> file_of;  // pipeline's name → its file
  for (const std::string& file : files) {
    const auto text = read_text(file, problems);
    if (!text) continue;
    Result<PipelineSpec> spec = parse_pipeline(*text, file, problems);
    if (!spec.ok()) continue;  // its problems are in the list already
    const auto [first, is_new] = file_of.emplace(spec->name, file);
    if (is_new) {
      spec->file = file;
      specs.push_back(std::move(*spec));
    } else {
      problems.push_back({file, 1, 1, "name", "another file has a pipeline of this name; rename one: " + spec->name + " is in " + first->second});
    }
  }
  return specs;
}

}  // namespace laketide::config
