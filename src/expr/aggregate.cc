#include "expr/aggregate.h"

#include <deque>
#include <map>

#include "expr/aggregate_rows.h"

namespace laketide::expr {
namespace {

/// Every aggregate by name. Immutable once made.
struct AggregateRegistry {
  std::deque<Aggregate> all;
  std::map<std::string_view, std::vector<const Aggregate*>> by_name;

  AggregateRegistry() {
    for (const auto family : {count_aggregates, sum_aggregates, average_aggregates, extreme_aggregates, boolean_aggregates, variance_aggregates,
                              place_aggregates, list_aggregates, percentile_aggregates, estimate_aggregates}) {
      for (Aggregate& aggregate : family()) all.push_back(std::move(aggregate));
    }
    for (const Aggregate& aggregate : all) by_name[aggregate.name].push_back(&aggregate);
  }
};

const AggregateRegistry& aggregate_registry() {
  static const AggregateRegistry made;
  return made;
}

}  // namespace

std::span<const Aggregate* const> aggregates(std::string_view name) {
  const auto found = aggregate_registry().by_name.find(name);
  if (found == aggregate_registry().by_name.end()) return {};
  return found->second;
}

std::vector<std::string_view> aggregate_names() {
  std::vector<std::string_view> names;
  for (const auto& [name, overloads] : aggregate_registry().by_name) names.push_back(name);
  return names;
}

}  // namespace laketide::expr
