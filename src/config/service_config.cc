#include "config/service_config.h"

#include <algorithm>

#include "base/nearest_name.h"
#include "config/document_file.h"
#include "config/override.h"
#include "config/service_fields.h"

namespace laketide::config {
namespace {

/// `section`.pool must be one of the pools.
void check_pool(const ServiceConfig& config, const std::string& section, const std::string& pool, const Node& root, Reader& reader) {
  if (config.pools.contains(pool)) return;
  std::vector<std::string_view> names;
  for (const auto& [name, known] : config.pools) names.push_back(name);
  Place place = root.place;
  if (const Node::Member* member = root.find(section)) {
    if (const Node::Member* named = member->value.find("pool")) place = named->value.place;
  }
  const std::string near = nearest_name(pool, names);
  reader.refuse(place, section + ".pool",
                "no such pool: \"" + pool + "\"; " + (near.empty() ? "name it under `pools`" : "did you mean \"" + near + "\"?"));
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
  // engine.pools_file first: what `pools` says of a pool counts over it, wherever the two stand.
  std::ranges::stable_partition(root.members, [](const Node::Member& member) { return member.key == "engine"; });
  reader.section(root, "", service_fields(config));
  check_pool(config, "stream_defaults", config.stream_defaults.pool, root, reader);
  check_pool(config, "batch_defaults", config.batch_defaults.pool, root, reader);
  if (problems.size() == problems_before) return config;
  sort_by_place(problems, problems_before);
  return summary_of(problems, problems_before);
}

}  // namespace laketide::config
