#include "sql/tree_node.h"

#include <vector>

#include <nlohmann/json.hpp>

namespace laketide::sql {

using nlohmann::json;

int place_of(const json& node) { return node.value("location", 0); }

int first_place(const json& root) {
  int first = -1;
  for (std::vector<const json*> open{&root}; !open.empty();) {
    const json& node = *open.back();
    open.pop_back();
    if (node.is_object() && node.contains("location")) {
      const int place = node["location"].get<int>();
      if (place >= 0 && (first < 0 || place < first)) first = place;
    }
    if (!node.is_structured()) continue;
    for (const json& child : node) open.push_back(&child);
  }
  return first;
}

std::string last_name(const json& names) { return names.back().at("String").value("sval", ""); }

}  // namespace laketide::sql
