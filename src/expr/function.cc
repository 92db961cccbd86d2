#include "expr/function.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "expr/function_family.h"

namespace laketide::expr {
namespace {

struct Maker {
  std::string_view title;
  std::vector<Function> (*make)();
};

constexpr Maker kMakers[] = {
    {"Arithmetic", arithmetic_functions}, {"Arithmetic", decimal_functions},   {"Arithmetic", math_functions},   {"Arithmetic", real_functions},
    {"Bits", bit_functions},              {"Comparison", comparison_functions}, {"Logic", logic_functions},       {"Choices", conditional_functions},
    {"Text", text_functions},             {"Text", text_form_functions},        {"Patterns", pattern_functions},  {"Patterns", regex_functions},
    {"Times", epoch_functions},           {"Times", time_functions},            {"Times", zone_functions},            {"Times", template_functions},    {"Times", interval_functions},
    {"JSON", json_functions},             {"Arrays and structs", array_functions}, {"Arrays and structs", struct_functions},
    {"Random values", place_functions},
};

/// Every function by name. Immutable once made.
struct Registry {
  std::deque<Function> all;
  std::map<std::string_view, std::vector<const Function*>> by_name;
  std::vector<FunctionFamily> families;

  Registry() {
    for (const Maker& maker : kMakers) {
      const auto same = std::find_if(families.begin(), families.end(), [&](const FunctionFamily& one) { return one.title == maker.title; });
      FunctionFamily& family = same != families.end() ? *same : families.emplace_back(FunctionFamily{maker.title, {}});
      for (Function& function : maker.make()) family.functions.push_back(&all.emplace_back(std::move(function)));
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

std::vector<FunctionFamily> function_families() { return registry().families; }

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names;
  for (const auto& [name, functions] : registry().by_name) names.push_back(name);
  return names;
}

}  // namespace laketide::expr
