#include "config/service_config.h"

#include <algorithm>

#include "config/document_file.h"
#include "config/nearest.h"
#include "config/override.h"
#include "config/service_fields.h"

namespace laketide::config {
namespace {

void check_pool(const ServiceConfig& config, const Node& root, Reader& reader) {
  if (config.pools.contains(config.stream_defaults.pool)) return;
  std::vector<std::string_view> names;
  for (const auto& [name, pool] : config.pools) names.push_back(name);
  Place place = root.place;
  if (const Node::Member* section = root.find("stream_defaults")) {
    if (const Node::Member* pool = section->value.find("pool")) place = pool->value.place;
  }
  const std::string near = nearest(config.stream_defaults.pool, names);
  reader.refuse(place, "stream_defaults.pool",
                "no such pool: \"" + config.stream_defaults.pool + "\"; " +
                    (near.empty() ? "name it under `pools`" : "did you mean \"" + near + "\"?"));
}

}  // namespace

Result<ServiceConfig> load_service(const std::string& file, const std::vector<std::string>& sets, std::vector<Problem>& problems) {
  const size_t problems_before = problems.size();
  Node root;
  root.kind = Node::Kind::kMapping;
  root.place.origin = std::make_shared<const std::string>(file);
  if (!file.empty()) {
    if (auto read = read_document(file, problems)) root = std::move(*read);
  }
  apply_environment(root, problems);
  for (const std::string& set : sets) apply_set(root, set, problems);

  ServiceConfig config;
  config.pools = default_pools();
  Reader reader(Reader::Author::kFile, problems);
  reader.section(root, "", service_fields(config));
  check_pool(config, root, reader);
  if (problems.size() == problems_before) return config;
  sort_by_place(problems, problems_before);
  return summary_of(problems, problems_before);
}

}  // namespace laketide::config
