#include "expr/function.h"

#include <deque>
#include <map>

namespace laketide::expr {
namespace {

/// Every function by name. Immutable once made.
struct Registry {
  std::deque<Function> all;
  std::map<std::string_view, std::vector<const Function*>> by_name;

  Registry() {
    for (const auto family : {arithmetic_functions, decimal_functions, comparison_functions, logic_functions, conditional_functions,
                              text_functions, pattern_functions, math_functions, json_functions, array_functions, interval_functions, time_functions,
                              text_form_functions, real_functions}) {
      for (Function& function : family()) all.push_back(std::move(function));
    }
    for (const Function& function : all) by_name[function.name].push_back(&function);
  }
};

const Registry& registry() {
  static const Registry made;
  return made;
}

}  // namespace

std::span<const Function* const> overloads(std::string_view name) {
  const auto found = registry().by_name.find(name);
  if (found == registry().by_name.end()) return {};
  return found->second;
}

const Function& special_function(std::string_view name) { return *overloads(name).front(); }

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names;
  for (const auto& [name, functions] : registry().by_name) names.push_back(name);
  return names;
}

}  // namespace laketide::expr
